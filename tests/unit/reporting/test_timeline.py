"""Where the time went: parts that add up, and places that stay on the line."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drkit.model.outcome import State
from drkit.model.record import Body, GateAnswered, Record, RunEnded, RunResumed
from drkit.reporting.report import report
from drkit.reporting.timeline import PhaseKind, line_of, phases
from tests.unit.reporting import journals
from tests.unit.reporting.journals import LOST_AT, Records, Story, play

each_journal = pytest.mark.parametrize(
    "journal", journals.ALL.values(), ids=list(journals.ALL.keys())
)


def _taken_up_again(records: Records, *, after: timedelta) -> Records:
    at = records[-1].at + after
    bodies: tuple[Body, ...] = (
        RunResumed(operator="bo@desk", pid=7),
        RunEnded(stand="interrupted"),
    )
    more = (Record(seq=len(records) + n, at=at, body=body) for n, body in enumerate(bodies))
    return (*records, *more)


@each_journal
def test_the_phases_of_an_outage_follow_each_other_and_add_up(journal: journals.Journal) -> None:
    made = report(journal())
    found = phases(made)
    for before, after in pairwise(found):
        assert before.end == after.start
        assert before.kind is not after.kind
    longest = max((p.rto.down.length for p in made.processes if p.rto), default=None)
    if longest is not None:
        assert sum((phase.length for phase in found), timedelta()) == longest


def test_the_time_before_the_run_and_at_the_gate_is_told_apart_from_work() -> None:
    kinds = {phase.kind: phase.length for phase in phases(report(journals.undisturbed()))}
    assert kinds[PhaseKind.BEFORE] == journals.BEGAN - LOST_AT
    assert kinds[PhaseKind.PERSON] == timedelta(seconds=9)


@each_journal
@given(after=st.timedeltas(timedelta(days=-3), timedelta(days=3)))
def test_every_bar_and_mark_lies_on_the_line(journal: journals.Journal, after: timedelta) -> None:
    line = line_of(report(_taken_up_again(journal(), after=after)))
    for row in line.rows:
        for bar in row.bars:
            assert bar.left >= 0
            assert bar.width >= 0
            assert bar.left + bar.width <= 1.000001
    for mark in (*line.ticks, *line.pauses):
        assert 0 <= mark.at <= 1.000001
        assert mark.length >= timedelta()
    assert len(line.ticks) <= 8


@each_journal
@given(share=st.floats(0, 1), back=st.timedeltas(timedelta(), timedelta(days=3)))
def test_nothing_is_below_zero_wherever_the_clock_is_set_back(
    journal: journals.Journal, share: float, back: timedelta
) -> None:
    records = journal()
    since = int(share * len(records))
    made = report(tuple(r if r.seq < since else replace(r, at=r.at - back) for r in records))
    line = line_of(made)
    assert made.header.length >= timedelta()
    assert all(bar.width >= 0 for row in line.rows for bar in row.bars)
    assert all(phase.length > timedelta() for phase in phases(made))
    lives = [process.time_to_live for process in made.processes]
    assert all(live is None or live >= timedelta() for live in lives)
    assert all(step.elapsed is None or step.elapsed >= timedelta() for step in made.steps)


def test_a_clock_that_was_set_back_while_nobody_worked_is_said_with_how_far() -> None:
    interrupted = play(Story(ends={"base": None}, stand="interrupted"))
    made = report(_taken_up_again(interrupted, after=timedelta(hours=-2)))
    assert [pause.end - pause.start for pause in made.header.pauses] == [timedelta()]
    assert made.header.set_back == timedelta(hours=2)
    assert made.header.clock_said.startswith("was set back by 2h during the run")


@pytest.mark.parametrize("after", [timedelta(milliseconds=-900), timedelta(hours=2)])
def test_two_machines_clocks_that_differ_by_less_than_a_second_are_right(after: timedelta) -> None:
    interrupted = play(Story(ends={"base": None}, stand="interrupted"))
    made = report(_taken_up_again(interrupted, after=after))
    assert made.header.set_back == timedelta()
    assert made.header.clock_said == ""


def test_a_pause_is_left_out_of_the_line_and_shown_in_the_outage() -> None:
    interrupted = play(Story(ends={"base": None}, stand="interrupted"))
    plain = line_of(report(interrupted))
    made = report(_taken_up_again(interrupted, after=timedelta(hours=8)))
    line = line_of(made)
    assert [mark.length for mark in line.pauses] == [timedelta(hours=8)]
    assert [row.bars for row in line.rows] == [row.bars for row in plain.rows]
    assert timedelta(hours=8) in [p.length for p in phases(made) if p.kind is PhaseKind.PAUSE]


def test_a_night_in_which_a_gate_stood_open_is_a_wait_and_no_pause() -> None:
    waits = journals.that_waits()
    at = waits[-1].at + timedelta(hours=8)
    answer = GateAnswered(
        step="consent", person="ana", role="lead", consent=False, comment="", signed=False
    )
    bodies: tuple[Body, ...] = (
        RunResumed(operator="ana@desk", pid=7),
        answer,
        RunEnded(stand="finished"),
    )
    more = (Record(seq=len(waits) + n, at=at, body=body) for n, body in enumerate(bodies))
    kinds = {phase.kind: phase.length for phase in phases(report((*waits, *more)))}
    assert PhaseKind.PAUSE not in kinds
    assert kinds[PhaseKind.PERSON] == timedelta(hours=8)


def test_a_gate_that_was_answered_beforehand_is_no_wait() -> None:
    records = journals.undisturbed()
    consent = next(step for step in report(records).steps if step.kind == "gate")
    assert consent.began
    at = consent.began + timedelta(milliseconds=400)
    beforehand = tuple(
        replace(record, at=at) if isinstance(record.body, GateAnswered) else record
        for record in records
    )
    assert PhaseKind.PERSON in {phase.kind for phase in phases(report(records))}
    assert PhaseKind.PERSON not in {phase.kind for phase in phases(report(beforehand))}


def test_a_lost_try_is_drawn_to_where_it_was_last_known_of() -> None:
    interrupted = play(Story(ends={"base": None}, stand="interrupted"))
    made = report(_taken_up_again(interrupted, after=timedelta(hours=8)))
    base = next(step for step in made.steps if step.id == "base")
    assert base.state is State.UNKNOWN
    assert base.tries[0].seen_until == interrupted[-1].at
