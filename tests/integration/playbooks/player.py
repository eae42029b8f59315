"""The process that playbooks of the lab are forked from, as drkit forks those of a run: it has read
Ansible once, and never speaks gRPC.

Tests of Pulumi leave threads of gRPC in the process of the tests. gRPC (1.85) begins them anew in a
fork, and a fork that executes a command closes their descriptors first: 4 of 300 were aborted by
that (measured beside a server), of which ansible-runner tells by no return code and no word.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ansible_mitogen
import ansible_runner

from drkit import processes
from drkit.adapters.ansible_forked import forked_playbooks, read_ansible
from drkit.recovery import collections_path

STRATEGY = "mitogen_linear"
_MITOGEN = Path(ansible_mitogen.__file__).parent / "plugins" / "strategy"
_CUT = "cut"
"""The file that asks for the end of a play, in its private folder."""
_LOOK = 0.1
"""Seconds between two looks at whether a play is to be cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """What ansible-playbook is given."""

    private: str
    """Its folder, with ``hosts.json`` and ``vars.json``; it goes when the play has ended."""
    playbooks: Sequence[str]
    strategy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What came of a playbook: changed tasks (no handlers), files written, failures, facts."""

    ok: bool
    changed: tuple[str, ...]
    written: tuple[str, ...]
    said: str
    facts: Mapping[str, Any]


class Player:
    """Plays one after the other, in a process of its own that begins with the first."""

    def __init__(self) -> None:
        """Plays by :data:`STRATEGY` are forks; for others, ansible-playbook is started."""
        self._process = ProcessPoolExecutor(
            max_workers=1,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_begin,
            initargs=(os.getpid(),),
        )

    def play(self, play: Play, *, cut: Callable[[], bool]) -> Played:
        """Play to the end, or until ``cut`` says so: then it is killed."""
        played = self._process.submit(_play, play)
        while wait([played], timeout=_LOOK).not_done:
            if cut():
                (Path(play.private) / _CUT).touch()
        return played.result()

    def end(self) -> None:
        self._process.shutdown()


def _begin(tests: int) -> None:
    processes.die_with_parent(signal.SIGTERM, parent=tests)
    processes.adopt_orphans()
    read_ansible(_settings(STRATEGY))


def _play(play: Play) -> Played:
    private, (*first, last) = play.private, play.playbooks
    settings = _settings(play.strategy)
    with forked_playbooks(settings):
        result = ansible_runner.run(
            private_data_dir=private,
            playbook=last,
            # all playbooks in a row: ansible-runner (2.4) puts options before the last
            cmdline=" ".join([f"-i {private}/hosts.json -e @{private}/vars.json", *first]),
            envvars={**settings, **_environment(private)},
            quiet=True,
            cancel_callback=(Path(private) / _CUT).exists,
        )
    # workers sit in sessions of their own and outlive a playbook that was killed
    processes.end_descendants()
    return _played(result)


def _settings(strategy: str) -> dict[str, str]:
    """What Ansible takes for good when it is read, as variables of its environment."""
    return {
        "ANSIBLE_COLLECTIONS_PATH": str(collections_path()),
        "ANSIBLE_STRATEGY": strategy,
        "ANSIBLE_STRATEGY_PLUGINS": str(_MITOGEN) if strategy.startswith("mitogen") else "",
        "ANSIBLE_PIPELINING": "True",
        "ANSIBLE_HOST_KEY_CHECKING": "True",
    }


def _environment(private: str) -> dict[str, str]:
    return {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "ANSIBLE_SSH_CONTROL_PATH_DIR": f"{private}/cp",
        "ANSIBLE_LOCAL_TEMP": f"{private}/tmp",
    }


def _played(result: Any) -> Played:
    changed, written, said, facts = [], [], [], {}
    for event in result.events:
        data = event.get("event_data", {})
        match event["event"]:
            case "runner_on_ok" if data["res"].get("changed") and not data.get("is_handler"):
                changed.append(f"{data['host']}: {data['task']}")
                written += data["res"].get("paths", [])
            case "runner_on_failed" | "runner_item_on_failed" | "runner_on_unreachable":
                said.append(str(data.get("res", {}).get("msg", event["stdout"])))
            case "playbook_on_stats":
                facts = dict(data.get("artifact_data", {}).get("drkit_facts", {}))
            case _:
                pass
    handlers = _handlers(result)
    kept = tuple(one for one in changed if one.partition(": ")[2] not in handlers)
    with result.stdout as out:
        words = "\n".join(said) or (out.read() if result.rc != 0 else "")
    if result.rc != 0 and not words:  # None where a signal ended it
        words = f"ended as {result.status} with {result.rc}, and said nothing"
    return Played(ok=result.rc == 0, changed=kept, written=tuple(written), said=words, facts=facts)


def _handlers(result: Any) -> set[str]:
    return {
        event["event_data"]["task"]
        for event in result.events
        if event["event"] == "playbook_on_handler_task_start"
    }
