"""A validation in the sandbox, killed with SIGKILL at each kind of step and while it is taken away:
the next command takes away what is left, and touches nothing that is somebody else's.

By turns drkit's first process dies alone, or all its processes at once. The site that serves stands
in the other region; in the one that is validated stands a bystander, so what is there afterwards is
the bystander's, byte for byte, and no more.
"""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from drkit.adapters.plan_yaml import load_plan
from drkit.model.place_record import CopyRemoved
from drkit.model.step import RunKind
from drkit.planning.graph import build_graph
from drkit.planning.removal import removal_graph
from tests.e2e.conftest import NEW, VALIDATE
from tests.e2e.desk import ROOT, Desk
from tests.e2e.kills import kill
from tests.e2e.witnesses import hosts_in
from tests.integration.sandbox.lab import eventually, make_keys
from tests.stress.bystander import Bystander, settle_in
from tests.stress.conftest import deployed_desk
from tests.stress.leavings import nothing_new, stands
from tests.survivors import alive_with

KINDS = {
    "stack": "compute",
    "playbook": "muzzle",
    "store": "orders-db",
    "check": "check.orders",
    "proof": "proof.payment",
    "removal": "remove.compute",
}
"""Kind → the step at which one is killed."""
REMOVED = [f"remove.{stack}" for stack in ("compute", "storage", "network")]
REMOVALS = 10
"""How many commands are killed while they take a copy away, at random moments."""
LONGEST = 12.0
"""Seconds that taking a copy away takes about."""
REAP = ("reap", NEW, "--expired", "--yes")
_LIMIT = timedelta(minutes=8)
_NO_MUZZLE = "- hosts: all\n  tasks:\n    - ansible.builtin.fail: {msg: of a test}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """The standby's, with somebody else in it."""

    desk: Desk
    bystander: Bystander
    before: Mapping[str, Any]
    bytes_before: Mapping[str, bytes]
    tell: Callable[[str], None]

    def is_as_before(self) -> None:
        nothing_new(self.desk, NEW, self.before)
        assert self.bystander.bytes_of_all() == self.bytes_before


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with deployed_desk(tmp_path_factory) as found:
        yield found


@pytest.fixture(scope="module")
def tell(pytestconfig: pytest.Config) -> Callable[[str], None]:
    """Says a line at once, also of what goes well."""
    return lambda line: pytestconfig.get_terminal_writer().line(line, flush=True)


@pytest.fixture(scope="module")
def region(desk: Desk, tell: Callable[[str], None]) -> Region:
    make_keys(desk.root)
    bystander = settle_in(desk, NEW)

    def settled() -> bool:
        return bool(hosts_in(NEW)) and stands(desk, NEW) == stands(desk, NEW)

    eventually(settled, what="the bystander's host is there, and nothing changes by itself")
    return Region(
        desk=desk,
        bystander=bystander,
        before=stands(desk, NEW),
        bytes_before=bystander.bytes_of_all(),
        tell=tell,
    )


@pytest.fixture(scope="module")
def chance(tell: Callable[[str], None]) -> random.Random:
    seed = int(time.time())
    tell(f"seed {seed}")
    return random.Random(seed)


def test_every_kind_of_step_is_killed_here() -> None:
    plan = load_plan(ROOT / "drkit.yaml")
    graphs = (build_graph(plan, RunKind.VALIDATE), removal_graph(plan))
    steps = {name: step.kind for graph in graphs for name, step in graph.steps.items()}
    assert {kind: steps[name] for kind, name in KINDS.items()} == {kind: kind for kind in KINDS}
    assert set(steps.values()) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_of_one_that_is_killed_at_a_kind_of_step_nothing_stays(
    region: Region, chance: random.Random, kind: str
) -> None:
    seconds = chance.uniform(0, 3)
    machine = chance.random() < 0.5
    assert killed(region, VALIDATE, seconds, machine=machine, at=[KINDS[kind]])
    reaped = region.desk.drkit(*REAP)
    assert reaped.code == 0, reaped.out + reaped.err
    assert "resources are gone" in reaped.out
    region.is_as_before()


def test_the_next_validation_takes_away_what_two_have_left(
    region: Region, chance: random.Random
) -> None:
    desk = region.desk
    for kind in ("stack", "store"):
        assert killed(region, VALIDATE, chance.uniform(0, 3), machine=True, at=[KINDS[kind]])
    said = desk.drkit(*VALIDATE)
    assert said.code == 0, said.out + said.err
    taken = [
        record.body
        for run in desk.runs("validate")[-2:]
        for record in run.records()
        if isinstance(record.body, CopyRemoved)
    ]
    assert [dict(copy.stays) for copy in taken] == [{}] * 3, "theirs, and its own"
    assert all(sum(copy.removed.values()) > 0 for copy in taken)
    region.is_as_before()


def test_of_one_that_is_killed_as_it_is_taken_away_nothing_stays(
    region: Region, chance: random.Random
) -> None:
    """Whoever reaps is killed as well. Only stacks are built: the muzzle fails."""
    desk, done = region.desk, 0
    with unmuzzled(desk):
        while done < REMOVALS:
            machine = chance.random() < 0.5
            after, later = chance.uniform(0, LONGEST), chance.uniform(1, LONGEST)
            if killed(region, VALIDATE, after, machine=machine, at=REMOVED):
                done += 1
                done += killed(region, REAP, later, machine=not machine)
                reaped = desk.drkit(*REAP)
                assert reaped.code == 0, reaped.out + reaped.err
            region.is_as_before()


@contextmanager
def unmuzzled(desk: Desk) -> Iterator[None]:
    """The muzzle fails, so nothing behind it is tried, and the copy is taken away."""
    path = desk.root / "playbooks" / "muzzle.yml"
    text = path.read_text()
    path.write_text(_NO_MUZZLE)
    try:
        yield
    finally:
        path.write_text(text)


def started(journal: Path, steps: Collection[str]) -> bool:
    """Whether one of ``steps`` has been started in a run."""
    lines = journal.read_text().splitlines() if journal.exists() else []
    begun = [line for line in lines if '"step.started"' in line]
    return any(f'"step": "{step}"' in line for line in begun for step in steps)


def killed(
    region: Region,
    command: tuple[str, ...],
    seconds: float,
    *,
    machine: bool,
    at: Collection[str] = (),
) -> bool:
    """Type a command and kill it so many ``seconds`` after its run has started one of the steps
    ``at``, or else after it was typed. False: it had ended by itself.
    """
    desk, mark = region.desk, uuid.uuid4().hex
    known = {run.folder for run in desk.runs()}
    process = desk.begin(*command, mark=mark)

    def reached() -> bool:
        fresh = {run.folder for run in desk.runs()} - known
        return process.poll() is not None or any(
            started(run / "journal.jsonl", at) for run in fresh
        )

    if at:
        eventually(reached, within=_LIMIT, what=f"{command[0]} comes to where it is killed")
    deadline = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    if process.poll() is None:
        kill(process, mark, machine=machine)
    said = desk.ended(process)
    eventually(lambda: alive_with(mark) == [], within=timedelta(seconds=30), what="all are gone")
    region.tell(f"{command[0]}, {seconds:.1f} s, {machine=}: {said.code}")
    return said.code < 0
