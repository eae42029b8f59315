"""A run that dies anywhere is carried on with, and repeats nothing that was done (laws 2 to 4)."""

from __future__ import annotations

import pytest

from drkit.engine.loop import Stand, Stop
from drkit.engine.progress import stand
from drkit.model.outcome import State
from drkit.model.record import (
    ProblemAccepted,
    Record,
    RunEnded,
    RunResumed,
    StepEnded,
    StepStarted,
)
from tests.fakes.attempts import FAILED, FakeWorld
from tests.fakes.clock import START
from tests.fakes.consent import ScriptedConsent
from tests.fakes.graphs import graph, step
from tests.fakes.journal import MemoryJournal, PowerLostError
from tests.unit.engine.running import Company

SHOP = graph(
    step("network"),
    step("storage"),
    step("compute", ["network", "storage"]),
    step("db", ["compute"]),
    step("files", ["compute"]),
    step("aside"),
    step("shop", ["db", "files"]),
    step("consent", ["shop"], gate=True),
    step("open", ["consent"]),
)
CONSENT = ScriptedConsent({"consent": True})


def whole_run() -> tuple[Record, ...]:
    company = Company(graph=SHOP, consent=CONSENT)
    company.run()
    return company.journal.records()


WHOLE = whole_run()
EVERYTHING_ONCE = dict.fromkeys((name for name in SHOP.steps if name != "consent"), 1)


def started(records: tuple[Record, ...]) -> list[str]:
    return [r.body.step for r in records if isinstance(r.body, StepStarted)]


def ended(records: tuple[Record, ...]) -> list[str]:
    return [r.body.step for r in records if isinstance(r.body, StepEnded)]


def last_of(length: int) -> str:
    return f"{length}-after-{type(WHOLE[length - 1].body).__name__ if length else 'nothing'}"


@pytest.mark.parametrize("effect", [False, True], ids=["before-the-effect", "after-the-effect"])
@pytest.mark.parametrize("length", range(len(WHOLE)), ids=last_of)
def test_a_run_that_died_after_any_record_is_carried_on_and_repeats_nothing(
    length: int, *, effect: bool
) -> None:
    """Both windows: a step in flight had not yet done its work, or had and nobody wrote it down."""
    before = WHOLE[:length]
    begun = started(before) if effect else ended(before)
    world = FakeWorld(dict.fromkeys(begun, 1))
    company = Company(graph=SHOP, consent=CONSENT, world=world, journal=MemoryJournal(before))
    assert company.run() is Stand.FINISHED
    assert world.effects == EVERYTHING_ONCE
    again = company.attempts.started
    assert not set(again) & set(ended(before)), "no step that is done starts again"
    in_flight = set(started(before)) - set(ended(before))
    assert set(company.attempts.looked) == in_flight, "who may have had an effect is looked at"
    assert company.states() == stand(WHOLE).states


@pytest.mark.parametrize("dies_at", range(len(WHOLE)))
def test_a_run_whose_power_fails_at_any_record_comes_to_the_same_end(dies_at: int) -> None:
    world = FakeWorld()
    journal = MemoryJournal(dies_at=dies_at)
    with pytest.raises(PowerLostError):
        Company(graph=SHOP, consent=CONSENT, world=world, journal=journal).run()
    left = MemoryJournal(journal.records())
    second = Company(graph=SHOP, consent=CONSENT, world=world, journal=left)
    assert second.run() is Stand.FINISHED
    assert world.effects == EVERYTHING_ONCE
    assert second.states() == stand(WHOLE).states


def test_a_run_that_dies_again_and_again_still_comes_to_its_end() -> None:
    world, records, deaths = FakeWorld(), MemoryJournal().records(), 0
    while True:
        journal = MemoryJournal(records, dies_at=len(records) + 4)
        try:
            Company(graph=SHOP, consent=CONSENT, world=world, journal=journal).run()
        except PowerLostError:
            records, deaths = journal.records(), deaths + 1
            continue
        break
    assert deaths > 3
    assert world.effects == EVERYTHING_ONCE


def test_the_same_records_give_the_same_stand() -> None:
    assert stand(WHOLE) == stand(list(WHOLE))
    for length in range(len(WHOLE)):
        states = stand(WHOLE[:length]).states
        assert {n for n, s in states.items() if s is State.UNKNOWN} == set(
            started(WHOLE[:length])
        ) - set(ended(WHOLE[:length]))


def test_a_finished_run_that_is_carried_on_starts_nothing() -> None:
    company = Company(graph=SHOP, journal=MemoryJournal(WHOLE))
    assert company.run() is Stand.FINISHED
    assert company.attempts.started == []


def test_an_interrupted_run_carries_on_where_it_was() -> None:
    first = Company(graph=SHOP, consent=CONSENT, stops=[Stop.NO, Stop.FINISH])
    first.run()
    done = set(first.world.effects)
    second = Company(graph=SHOP, consent=CONSENT, world=first.world, journal=first.journal)
    assert second.run() is Stand.FINISHED
    assert not done & set(second.attempts.started)
    assert first.world.effects == EVERYTHING_ONCE


def test_a_no_is_final_for_its_run() -> None:
    first = Company(graph=SHOP, consent=ScriptedConsent({"consent": False}))
    first.run()
    second = Company(graph=SHOP, consent=CONSENT, world=first.world, journal=first.journal)
    second.run()
    assert second.states()["consent"] is State.REFUSED
    assert second.attempts.started == []


def accepted(*affects: str) -> ProblemAccepted:
    return ProblemAccepted(problem="p", reason="at night", operator="ana@x", affects=affects)


RESUMED = RunResumed(operator="ana@x", pid=2)


def folded(*bodies: StepStarted | StepEnded | ProblemAccepted | RunResumed | RunEnded) -> object:
    records = [Record(seq=n, at=START, body=body) for n, body in enumerate(bodies)]
    return stand(records).states


def test_what_an_accepted_problem_affects_is_left_out() -> None:
    assert folded(accepted("db")) == {"db": State.REFUSED}


def test_a_problem_that_was_mended_no_longer_leaves_its_step_out() -> None:
    """At 3 a.m.: accept the missing playbook, write it meanwhile, run the same command again."""
    assert folded(accepted("db"), RunEnded(stand="interrupted"), RESUMED) == {}
    assert folded(accepted("db"), RESUMED, accepted("db")) == {"db": State.REFUSED}


def test_a_try_of_unknown_effect_is_looked_at_also_after_its_step_was_left_out() -> None:
    start = StepStarted(step="db", number=1, digest="", log="")
    assert folded(start, RESUMED, accepted("db"), RESUMED) == {"db": State.UNKNOWN}


def test_an_accepted_problem_does_not_undo_what_is_done() -> None:
    start, *_, end = (r.body for r in WHOLE if getattr(r.body, "step", "") == "network")
    assert isinstance(start, StepStarted)
    assert isinstance(end, StepEnded)
    assert folded(start, end, RESUMED, accepted("network")) == {"network": State.DONE}


def test_a_failure_is_tried_again_by_the_next_command_and_what_it_stopped_runs() -> None:
    first = Company(graph=SHOP, consent=CONSENT, outcomes={"compute": FAILED})
    first.run()
    second = Company(graph=SHOP, consent=CONSENT, world=first.world, journal=first.journal)
    assert second.run() is Stand.FINISHED
    assert first.world.effects == EVERYTHING_ONCE
