"""What the lab's playbooks are forked from: see the player's own words for why it matters."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from tests.integration.playbooks.player import STRATEGY, Play, Player

LIBRARY = "cygrpc"
"""Of gRPC: in the memory of each process that can have its threads."""
TELL = f"""
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.set_stats:
        data:
          drkit_facts:
            forked: "{{{{ lookup('pipe', 'cat /proc/$PPID/cmdline') is search('spawn_main') }}}}"
            grpc: "{{{{ lookup('pipe', 'grep -c {LIBRARY} /proc/$PPID/maps || true') }}}}"
"""


@pytest.fixture
def player() -> Iterator[Player]:
    player = Player()
    yield player
    player.end()


def test_a_playbook_is_a_fork_of_a_process_without_grpc_whatever_the_tests_have_read(
    player: Player, tmp_path: Path
) -> None:
    assert grpc.__name__
    assert LIBRARY in Path("/proc/self/maps").read_text(), "a positive control"
    (tmp_path / "tell.yml").write_text(TELL)
    (tmp_path / "vars.json").write_text("{}")
    here = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    (tmp_path / "hosts.json").write_text(json.dumps({"all": {"hosts": {"here": here}}}))
    play = Play(
        private=str(tmp_path),
        playbooks=[str(tmp_path / "tell.yml")],
        strategy=STRATEGY,
    )
    played = player.play(play, cut=lambda: False)
    assert played.ok, played.said
    assert played.facts == {"forked": True, "grpc": "0"}
