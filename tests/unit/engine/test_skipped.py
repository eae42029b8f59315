"""A skipped step lets what needs it begin; one that is asked for again runs again, alone."""

from __future__ import annotations

from drkit.engine.loop import Stand
from drkit.engine.progress import stand
from drkit.model.outcome import State
from drkit.model.record import StepReopened, StepSkipped
from tests.fakes.attempts import FAILED
from tests.fakes.graphs import graph, step
from tests.unit.engine.running import Company

CHAIN = graph(step("network"), step("db", ["network"]), step("shop", ["db"]))
SKIP = StepSkipped(step="db", reason="restored by hand", operator="ana@x")
AGAIN = StepReopened(step="db", operator="ana@x")


def test_what_needs_a_skipped_step_runs_and_the_step_itself_does_not() -> None:
    company = Company(graph=CHAIN)
    company.journal.append(SKIP)
    assert company.run() is Stand.FINISHED
    assert company.world.effects == {"network": 1, "shop": 1}
    assert company.states()["db"] is State.SKIPPED


def test_without_the_record_it_would_have_stopped_there() -> None:
    company = Company(graph=CHAIN, outcomes={"db": FAILED})
    company.run()
    assert "shop" not in company.world.effects


def test_a_step_that_failed_can_be_skipped_by_the_next_command() -> None:
    company = Company(graph=CHAIN, outcomes={"db": FAILED})
    company.run()
    company.journal.append(SKIP)
    company.run()
    assert company.world.effects == {"network": 1, "shop": 1}


def test_a_step_that_is_asked_for_again_runs_again_and_nothing_else_does() -> None:
    company = Company(graph=CHAIN)
    company.run()
    company.journal.append(AGAIN)
    assert "db" not in company.states()
    company.run()
    assert company.world.effects == {"network": 1, "db": 2, "shop": 1}
    assert company.attempts.looked == [], "it is wanted again, whatever is there"
    assert stand(company.journal.records()).tries["db"] == 2


def test_a_skip_is_taken_back_by_asking_for_the_step_again() -> None:
    company = Company(graph=CHAIN)
    company.journal.append(SKIP)
    company.run()
    company.journal.append(AGAIN)
    company.run()
    assert company.states()["db"] is State.DONE
