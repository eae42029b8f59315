"""Which run the same command carries on with, and which it leaves behind."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from drkit.adapters.journal_file import JournalFile
from drkit.adapters.probe_results import Result, append, probe_file
from drkit.adapters.runs_folder import RunsFolder
from drkit.model.outcome import Outcome, State
from drkit.model.plan import Plan
from drkit.model.record import (
    OLD_SITE_HEALTHY,
    Body,
    IncidentBegan,
    ProblemAccepted,
    RunBegan,
    RunEnded,
    StepEnded,
    StepPlanned,
    StepStarted,
    Target,
)
from drkit.model.step import RunKind, RunMode
from drkit.ports import World
from tests.contract.cloud.opened import (
    MOMENT,
    Write,
    backed_up,
    places,
    rebuild,
    served_by,
)
from tests.fakes.clock import START

FAILED = Outcome(state=State.FAILED)


def left(
    plan: Plan,
    *bodies: Body,
    recover_to: datetime | None = None,
    ago: timedelta = timedelta(minutes=5),
    steps: tuple[str, ...] = ("compute",),
    mode: RunMode = RunMode.UNPLANNED,
    kind: RunKind = RunKind.REBUILD,
) -> str:
    """A run of this plan in eu-central-1, while eu-west-3 served, that came so far."""
    runs, moment = RunsFolder(plan.root), datetime.now(UTC) - ago
    run = runs.new(kind, "eu-central-1", moment)
    planned = tuple(
        StepPlanned(id=name, kind="stack", needs=(), owner="sre", budget=None, processes=())
        for name in steps
    )
    quiesce = replace(planned[0], id="quiesce", kind="quiesce", needs=steps)
    began = RunBegan(
        run=run,
        kind=kind,
        target=Target(shop="corner", region="eu-central-1", generation=1),
        plan=plan.source,
        steps=(*planned, quiesce) if mode is RunMode.PLANNED else planned,
        mode=mode,
        versions={},
        operator="ana@x",
        serving_before="eu-west-3.g1",
        recover_to=recover_to,
    )
    with JournalFile(runs.journal(run), now=lambda: moment) as journal:
        journal.append(began, *bodies)
    return run


def ended(state: State, step: str = "compute") -> tuple[StepStarted, StepEnded]:
    return (
        StepStarted(step=step, number=1, digest="", log=""),
        StepEnded(step=step, number=1, outcome=Outcome(state=state), elapsed=START - START),
    )


def carried_on(plan: Plan, **more: Any) -> str | None:
    unfinished = rebuild(plan, **more).unfinished
    return unfinished.run if unfinished else None


UNFINISHED: dict[str, tuple[Body, ...]] = {
    "it died": (),
    "it died in mid-step": ended(State.DONE)[:1],
    "it was interrupted": (RunEnded(stand="interrupted"),),
    "it waits": (RunEnded(stand="waits"),),
    "a step failed": (*ended(State.FAILED), RunEnded(stand="finished")),
    "a step is unknown": (*ended(State.UNKNOWN), RunEnded(stand="finished")),
}


@pytest.mark.parametrize("how", UNFINISHED)
def test_the_same_command_carries_on_with_a_run_that_is_not_over(
    shop: Write, world: World, how: str
) -> None:
    plan = shop()
    served_by(world, plan, "eu-west-3")
    backed_up(world)
    run = left(plan, *UNFINISHED[how])
    assert carried_on(plan) == run


def test_a_run_that_was_left_alone_for_long_is_not_carried_on(shop: Write, world: World) -> None:
    """Nobody knows whether customers were served meanwhile: what it restored may be old."""
    plan = shop()
    served_by(world, plan, "eu-west-3")
    run = left(plan, RunEnded(stand="waits"), ago=timedelta(hours=2))
    assert carried_on(plan) is None
    served_by(world, plan, "eu-central-1", run=run, number=2)
    assert carried_on(plan) == run, "unless it has raised the epoch: customers must not wait"


def test_a_run_during_which_customers_were_served_again_is_left_behind(
    shop: Write, world: World
) -> None:
    plan = shop()
    served_by(world, plan, "eu-west-3")
    run = left(plan, ago=timedelta(minutes=9))
    now, seen = datetime.now(UTC), probe_file(plan.root)
    for minutes, ok in ((12, False), (8, False)):
        at = now - timedelta(minutes=minutes)
        append(seen, [Result(at=at, process="sales", ok=ok, said="")])
    assert carried_on(plan) == run
    for minutes, ok in ((6, True), (1, False)):
        at = now - timedelta(minutes=minutes)
        append(seen, [Result(at=at, process="sales", ok=ok, said="")])
    assert carried_on(plan) is None


def test_a_damaged_journal_is_no_reason_to_carry_on_with_an_older_run(
    shop: Write, world: World
) -> None:
    plan = shop()
    served_by(world, plan, "eu-west-3")
    left(plan, ago=timedelta(minutes=9))
    newest = RunsFolder(plan.root).journal(left(plan, ago=timedelta(minutes=2)))
    newest.write_bytes(newest.read_bytes().replace(b"eu-west-3.g1", b"eu-west-3.g2"))
    assert carried_on(plan) is None


def test_another_run_of_the_same_incident_begins_its_clock_where_that_began(
    shop: Write, world: World
) -> None:
    plan = shop()
    served_by(world, plan, "eu-west-3")
    since = IncidentBegan(start=MOMENT, source="since")
    left(plan, since, RunEnded(stand="waits"))
    assert rebuild(shop(currency="SEK")).inherited == since
    left(plan, since, ago=timedelta(hours=2))
    served_by(world, plan, "eu-north-2", run="run-2", number=2)
    assert rebuild(shop(currency="SEK")).inherited is None, "another site has served since"


def test_what_is_wrong_with_the_world_is_looked_at_when_a_run_is_carried_on_too(
    shop: Write, world: World
) -> None:
    """Else a store that was left out for want of a backup would be restored after all."""
    plan = shop()
    served_by(world, plan, "eu-west-3")
    run = left(plan)
    opened = rebuild(plan)
    assert opened.unfinished is not None
    assert opened.unfinished.run == run
    assert places(opened.problems) == ["stores.orders-db"]


def test_a_run_that_is_over_is_not_carried_on(shop: Write, world: World) -> None:
    plan = shop()
    served_by(world, plan, "eu-west-3")
    left(plan, *ended(State.DONE), RunEnded(stand="finished"))
    assert carried_on(plan) is None


def test_another_plan_or_another_moment_to_restore_to_is_another_run(
    shop: Write, world: World
) -> None:
    plan = shop()
    served_by(world, plan, "eu-west-3")
    run = left(plan, recover_to=MOMENT)
    assert carried_on(plan) == run
    assert carried_on(plan, recover_to=MOMENT) == run
    assert carried_on(plan, recover_to=START) is None
    assert carried_on(shop(currency="SEK")) is None


def test_a_run_that_began_before_another_site_was_opened_is_left_behind(
    shop: Write, world: World
) -> None:
    """What it restored is older than what customers did since."""
    plan = shop()
    served_by(world, plan, "eu-west-3")
    run = left(plan)
    served_by(world, plan, "eu-north-2", run="run-2", number=2)
    assert carried_on(plan) is None
    served_by(world, plan, "eu-central-1", run=run, number=3)
    assert carried_on(plan) == run, "unless it was the run itself that opened"


def test_a_run_that_began_beside_a_healthy_old_site_is_left_behind(
    shop: Write, world: World
) -> None:
    """Customers ordered on: what it restored is old, and what is lost was counted too early."""
    plan = shop()
    served_by(world, plan, "eu-west-3")
    backed_up(world)
    accepted = ProblemAccepted(
        problem=OLD_SITE_HEALTHY, reason="a move", operator="ana@x", affects=()
    )
    run = left(plan, accepted, RunEnded(stand="waits"))
    assert carried_on(plan) is None
    served_by(world, plan, "eu-central-1", run=run, number=2)
    assert carried_on(plan) == run, "unless it has raised the epoch: customers must not wait"


def test_who_edits_the_plan_in_the_middle_of_a_cutover_is_told_how_to_carry_on(
    shop: Write, world: World
) -> None:
    run = left(shop())
    served_by(world, shop(), "eu-central-1", run=run)
    backed_up(world)
    [problem] = rebuild(shop(currency="SEK")).problems
    assert problem.name == "plan"
    assert run in problem.message
