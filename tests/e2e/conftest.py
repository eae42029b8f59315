"""One sandbox and one deployed shop for all tests here, in the order of the files.

Each fixture is one chapter of the same story and needs the one before; the tests look at what
it left. Whatever happens, the sandbox is brought down.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from drkit.model.record import StepStarted
from tests.e2e.desk import Desk, Run, Said, Terminal
from tests.e2e.kills import MID_PLAYBOOK, MID_RESTORE, MID_STACK, Killed, kill_at
from tests.e2e.witnesses import Customers, ProcessList, counted, orders_in, resources_in
from tests.integration.sandbox.lab import eventually
from tests.integration.sandbox.test_life import machine

OLD, NEW = "eu-west-3", "eu-central-1"
MINUTE = timedelta(minutes=1)
REBUILD = ("rebuild", "--region", NEW)
VALIDATE = ("validate", "--region", NEW)
REBUILT = f"{NEW}.g3"
"""The generations before it were those of validations."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A chapter may take minutes, and the first test of a file pays for it."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(1200))


@dataclass(frozen=True, slots=True, kw_only=True)
class Up:
    desk: Desk
    machine_before: dict[str, list[str]]
    watched: ProcessList


@pytest.fixture(scope="package")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A sandbox with secrets, and somebody who watches the process list from now on."""
    desk = Desk.at(tmp_path_factory.mktemp("e2e"))
    before = machine(desk.sandbox.folder)
    try:
        with ProcessList() as watched:
            for command in (("up",), ("secrets",)):
                said = desk.drkit("sandbox", *command)
                assert said.code == 0, said.err
            yield Up(desk=desk, machine_before=before, watched=watched)
    finally:
        assert desk.drkit("sandbox", "down").code == 0


@pytest.fixture(scope="package")
def desk(up: Up) -> Desk:
    return up.desk


@pytest.fixture(scope="package")
def prepared(desk: Desk) -> tuple[Said, Said]:
    """What is outside, made; and made again."""
    first, second = desk.drkit("prepare"), desk.drkit("prepare")
    assert first.code == 0, first.err
    return first, second


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """A command that carried out a run, or a part of one."""

    said: Said
    run: Run


@pytest.fixture(scope="package")
def deployed(desk: Desk, prepared: tuple[Said, Said]) -> Carried:
    """The shop in its first region."""
    said = desk.drkit("deploy", "--region", OLD, "--consent", "consent=ana")
    assert said.code == 0, said.out + said.err
    [run] = desk.runs("deploy")
    return Carried(said=said, run=run)


@contextmanager
def ordering(desk: Desk) -> Iterator[Customers]:
    """Customers, who order until the end of the block."""
    found = Customers.begin(desk)
    try:
        eventually(lambda: len(found.promises()) > 5, within=MINUTE, what="customers order")
        yield found
    finally:
        if not found.gone():
            found.leave()


@pytest.fixture(scope="package")
def customers(desk: Desk, deployed: Carried) -> Iterator[Customers]:
    """They order from now on, whatever becomes of the shop."""
    with ordering(desk) as found:
        yield found


@pytest.fixture(scope="package")
def control(desk: Desk, customers: Customers) -> Said:
    """The writers of the fence's test, while the site that they write to serves."""
    return desk.ended(desk.program(sys.executable, "demo/writers.py", OLD, "--control"))


@pytest.fixture(scope="package")
def backed_up(desk: Desk, customers: Customers, control: Said) -> tuple[Said, Said]:
    """A full backup under load, and a differential one."""
    full, differential = (desk.drkit("backup", "--type", kind) for kind in ("full", "diff"))
    return full, differential


@dataclass(frozen=True, slots=True, kw_only=True)
class Validated:
    """A night: one validation that was killed, and the next."""

    killed: Killed
    said: Said
    run: Run
    began: datetime
    ended: datetime
    left: dict[str, list[Any]]
    """What is in the region after it."""


@pytest.fixture(scope="package")
def validated(desk: Desk, customers: Customers, backed_up: tuple[Said, Said]) -> Validated:
    """The standby is proven twice beside the site that serves; the first dies as its hosts do."""
    killed = kill_at(desk, MID_STACK, *VALIDATE)
    began = datetime.now(UTC)
    said = desk.drkit(*VALIDATE)
    return Validated(
        killed=killed,
        said=said,
        run=desk.runs("validate")[-1],
        began=began,
        ended=datetime.now(UTC),
        left=resources_in(desk.sandbox, NEW),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    at: datetime
    there_before: dict[str, list[Any]]
    """What was in the new region before the rebuild."""
    serving_had: dict[str, int]
    """What the lost region had, by kind."""


def lose(desk: Desk, customers: Customers) -> Lost:
    """The serving region is gone, in mid-traffic."""
    before = len(customers.promises())
    eventually(lambda: len(customers.promises()) >= before + 25, within=MINUTE, what="orders")
    there, had = resources_in(desk.sandbox, NEW), counted(resources_in(desk.sandbox, OLD))
    assert desk.drkit("sandbox", "lose", OLD).code == 0
    at = datetime.now(UTC)
    eventually(lambda: customers.last_probed() is False, within=MINUTE, what="the probe sees it")
    return Lost(at=at, there_before=there, serving_had=had)


@pytest.fixture(scope="package")
def lost(desk: Desk, customers: Customers, validated: Validated) -> Lost:
    """The loss comes after a night."""
    del validated
    return lose(desk, customers)


@pytest.fixture(scope="package")
def killed(desk: Desk, lost: Lost) -> tuple[Killed, ...]:
    """One rebuild, killed in mid-stack, carried on, killed in a playbook, and in the restore."""
    moments = (MID_STACK, MID_PLAYBOOK, MID_RESTORE)
    return tuple(kill_at(desk, moment, *REBUILD) for moment in moments)


@pytest.fixture(scope="package")
def refused(desk: Desk, killed: tuple[Killed, ...]) -> Carried:
    """The same command at a terminal: it carries on, and ana says no."""
    terminal = Terminal(desk, *REBUILD)
    terminal.read_until("consent waits for lead")
    terminal.type("no ana the old site may yet come back")
    said = terminal.end()
    return Carried(said=said, run=killed[-1].run)


@pytest.fixture(scope="package")
def waiting(desk: Desk, refused: Carried) -> Carried:
    """A new rebuild, with nobody there to consent."""
    said = desk.drkit(*REBUILD)
    return Carried(said=said, run=desk.runs("rebuild")[-1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    run: Run
    said: Said
    started_before: set[str]
    """Steps that had been started before this last command."""
    last_number: int
    """The highest order number that any customer had been promised before."""


@pytest.fixture(scope="package")
def rebuilt(desk: Desk, waiting: Carried, customers: Customers, lost: Lost) -> Rebuilt:
    """The same command with a consent: the shop serves from the new region."""
    started = {r.body.step for r in waiting.run.records() if isinstance(r.body, StepStarted)}
    last = max(promise.number for promise in customers.promises())
    said = desk.drkit(*REBUILD, "--consent", "consent=ana")

    def served() -> bool:
        return any(promise.number > last for promise in customers.promises())

    eventually(served, within=MINUTE, what="customers order again")
    return Rebuilt(run=waiting.run, said=said, started_before=started, last_number=last)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A planned move back: how it waited with its old site closed, and how it ended."""

    ordered: set[int]
    """What the site that was left had when it was closed."""
    waited: dict[str, Any]
    """The report of the command that closed it, with nobody there to consent."""
    said: Said
    run: Run


@pytest.fixture(scope="package")
def moved(desk: Desk, rebuilt: Rebuilt, customers: Customers) -> Moved:
    """The shop goes back to the region that was lost, from a site that serves."""
    if not customers.gone():
        customers.leave()
    assert desk.drkit("sandbox", "restore", OLD).code == 0
    ordered = orders_in(NEW)
    back = ("rebuild", "--region", OLD, "--mode", "planned")
    first = desk.drkit(*back)
    run = desk.runs("rebuild")[-1]
    assert first.code == 7, first.out + first.err
    waited = run.report
    said = desk.drkit(*back, "--consent", "consent=ana")
    return Moved(ordered=ordered, waited=waited, said=said, run=run)
