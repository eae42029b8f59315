"""Tries of playbooks against this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drkit.adapters.ansible_playbook import ansible_settings
from drkit.model.outcome import Outcome
from drkit.model.step import PlaybookWork
from tests.fakes.documents import plan_at
from tests.integration.ansible.localhost import FACTS, write_playbook, write_run
from tests.integration.attempts.trying import Tries, step

Run = Callable[..., Outcome]


@pytest.fixture
def tries(tmp_path: Path, marker: str) -> Iterator[Tries]:
    assert marker, "which is looked for once the server is gone"
    write_run(tmp_path)
    made = Tries(root=tmp_path, facts=FACTS)
    yield made
    made.over()


@pytest.fixture
def play(tries: Tries) -> Run:
    """Write the playbook of these tasks and run it as a step, in a fork of a server that has read
    Ansible by the strategy, as a run does: its outcome.
    """

    served_by: dict[str, str] = {}

    def run(*tasks: dict[str, object], strategy: str = "linear", **head: object) -> Outcome:
        write_playbook(tries.root, "play", *tasks, **head)
        tries.plan = plan_at(tries.root, defaults={"strategy": strategy})
        settings = ansible_settings(tries.plan)
        if settings != served_by:
            tries.have_read(settings)
            served_by.clear()
            served_by.update(settings)
        tries.ended.pop("play", None)
        tries.start(step("play", PlaybookWork(playbook="play", hosts="all")))
        return tries.to_the_end("play").outcome

    return run
