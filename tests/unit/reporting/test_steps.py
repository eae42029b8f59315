"""The state of a step, read from the records and the graph."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drkit.errors import JournalDamaged
from drkit.model.outcome import Outcome, State
from drkit.model.record import (
    Body,
    ProblemAccepted,
    Record,
    RunEnded,
    RunResumed,
    StepEnded,
    StepStarted,
)
from drkit.reporting.path import slowest
from drkit.reporting.report import Report, report
from drkit.reporting.steps import BAD, StepReport
from tests.unit.reporting import journals
from tests.unit.reporting.journals import DONE, SKETCHES, Records, Story, play

FAILED = Outcome(state=State.FAILED, message="no")


def _step(made: Report, name: str) -> StepReport:
    return next(step for step in made.steps if step.id == name)


def _and_then(records: Records, *bodies: Body, after: timedelta = timedelta(minutes=5)) -> Records:
    at = records[-1].at + after
    more = (Record(seq=len(records) + n, at=at, body=body) for n, body in enumerate(bodies))
    return (*records, *more)


@given(
    st.dictionaries(
        st.sampled_from([s.id for s in SKETCHES if s.kind != "gate"]),
        st.sampled_from([FAILED, Outcome(state=State.UNKNOWN), None]),
        max_size=5,
    )
)
def test_a_step_is_not_run_exactly_when_something_it_needs_went_wrong(
    ends: dict[str, Outcome | None],
) -> None:
    made = report(play(Story(ends=ends)))
    states = {step.id: step.state for step in made.steps}
    for step in made.steps:
        bad = [need for need in step.needs if states[need] in BAD]
        assert (step.state is State.NOT_RUN) == bool(bad)
        assert all(states[root] in BAD - {State.NOT_RUN} for root in step.because)
        assert bool(step.because) == bool(bad)


def test_the_root_of_what_was_not_run_is_named_across_the_whole_graph() -> None:
    made = report(journals.with_a_failed_playbook())
    assert _step(made, "live.sales").because == ("support",)
    assert _step(made, "live.sales").message == "needs support"


def test_a_try_without_an_end_is_running_until_the_run_goes_on_without_it() -> None:
    running = play(Story(ends={"images": None}, stand=None))
    assert _step(report(running), "images").state is State.RUNNING
    resumed = _and_then(running, RunResumed(operator="ana@desk", pid=7))
    assert _step(report(resumed), "images").state is State.UNKNOWN


def test_a_step_that_went_well_at_its_second_try_is_done_and_shows_both() -> None:
    first = play(Story(ends={"images": FAILED}))
    second = StepStarted(step="images", number=2, digest="b4", log="logs/images.2.log")
    end = StepEnded(step="images", number=2, outcome=DONE, elapsed=timedelta(seconds=2))
    again = _and_then(first, RunResumed(operator="ana@desk", pid=7), second, end)
    step = _step(report(again), "images")
    assert [one.state for one in step.tries] == [State.FAILED, State.DONE]
    assert (step.state, step.log) == (State.DONE, "logs/images.2.log")
    assert step.elapsed == timedelta(seconds=4.4 + 2)


def test_a_gate_is_timed_from_when_it_could_be_asked_to_its_answer() -> None:
    gate = _step(report(journals.undisturbed()), "consent")
    assert gate.elapsed == timedelta(seconds=9)
    assert gate.message == "ana (lead) consented: the old site answers nothing"


def test_a_gate_nobody_answered_waits_and_what_needs_it_waits_too() -> None:
    made = report(journals.that_waits())
    assert _step(made, "consent").state is State.WAITING
    assert _step(made, "live.sales").state is State.WAITING
    assert all(process.held_up_by == ("consent",) for process in made.processes)


def test_a_refused_gate_stops_what_needs_it_and_is_no_failure() -> None:
    made = report(play(Story(consent=False)))
    assert _step(made, "consent").state is State.REFUSED
    assert _step(made, "cutover.epoch").because == ("consent",)
    assert "Refused by a person at consent" in made.headline


def test_the_stand_of_a_run_that_was_taken_up_again_is_that_of_now() -> None:
    resumed = _and_then(journals.that_waits(), RunResumed(operator="ana@desk", pid=7))
    assert report(resumed).header.stand == "running"
    assert [p.end - p.start for p in report(resumed).header.pauses] == [timedelta(minutes=5)]
    assert report(_and_then(resumed, RunEnded(stand="interrupted"))).header.stand == "interrupted"


def test_a_step_left_out_by_one_command_waits_again_in_the_next() -> None:
    problem = ProblemAccepted(
        problem="services.support", reason="not written", operator="ana", affects=("live.support",)
    )
    left_out = _and_then(journals.that_waits(), problem)
    assert _step(report(left_out), "live.support").state is State.NOT_RUN
    resumed = _and_then(left_out, RunResumed(operator="ana@desk", pid=7))
    assert _step(report(resumed), "live.support").state is State.WAITING


def test_a_run_that_a_person_interrupted_says_so_and_not_that_its_end_is_unknown() -> None:
    stopped = play(Story(ends={"images": None}, consent=None, stand=None))
    ended = StepEnded(step="images", number=1, outcome=DONE, elapsed=timedelta(seconds=2))
    left = report(_and_then(stopped, ended, RunEnded(stand="interrupted")))
    assert left.headline.startswith("Interrupted by a person; the same command carries on.")
    assert "No end of this run is recorded" in report(_and_then(stopped, ended)).headline


def test_the_critical_path_is_a_chain_of_needs_from_the_start_to_the_last_live_proof() -> None:
    made = report(journals.undisturbed())
    path = [_step(made, name) for name in made.critical_path]
    assert path[0].needs == ()
    assert path[-1].id.startswith("live.")
    for before, after in pairwise(path):
        assert before.id in after.needs
        assert before.ended == after.began


def test_the_slowest_are_measured_against_their_budgets_and_not_by_the_clock() -> None:
    names = [step.id for step in slowest(report(journals.undisturbed()).steps)]
    assert names[0] == "base"
    assert names.index("network") < names.index("orders-db")


def test_a_journal_that_does_not_begin_with_a_run_is_refused() -> None:
    with pytest.raises(JournalDamaged, match="start of a run"):
        report(journals.undisturbed()[1:])
    with pytest.raises(JournalDamaged, match="start of a run"):
        report(())


def test_a_copy_of_the_plan_that_cannot_be_read_is_refused_by_name() -> None:
    plan = {**journals.PLAN, "processes": {"sales": {"rto": "soon"}}}
    with pytest.raises(JournalDamaged, match="copy of the plan"):
        report(play(Story(plan=plan)))
