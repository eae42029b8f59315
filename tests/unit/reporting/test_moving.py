"""A planned move in the report: whose customers were without the shop, from when, and for what."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from drkit.adapters import render_html
from drkit.adapters.render_text import render
from drkit.model.outcome import Outcome, State
from drkit.model.place_record import SiteReopened, SiteServed
from drkit.model.record import Body, PlanChanged, Record, RunBegan, StepSkipped, StepStarted
from drkit.model.step import RunMode
from drkit.reporting.downtime import downtime_parts
from drkit.reporting.expected import Expectations, Expected, Source
from drkit.reporting.forecast import forecast
from drkit.reporting.moving import move_of
from drkit.reporting.report import report
from tests.unit.reporting.journals import (
    BEGAN,
    CLOSED,
    Records,
    Story,
    a_planned_move,
    play,
    undisturbed,
)

FAILED = Outcome(state=State.FAILED, message="the log does not go out")
LATER = timedelta(minutes=3)
HOUR = timedelta(hours=1)


def then(records: Records, body: Body) -> Records:
    last = records[-1]
    return (*records, Record(seq=last.seq + 1, at=last.at + LATER, body=body))


def reopened(records: Records) -> Records:
    return then(being_given_back(records), SiteServed(site="eu-west-3.g1", operator="ana@x"))


def being_given_back(records: Records) -> Records:
    word = SiteReopened(site="eu-west-3.g1", reason="too slow", operator="ana@x")
    return then(records, word)


def broken_off() -> Records:
    """The closing of the old site fails half-way."""
    return play(Story(mode=RunMode.PLANNED, incident=None, ends={"quiesce": FAILED}))


def test_the_clock_of_a_move_starts_when_the_old_site_is_closed_by_its_own_word() -> None:
    made = report(a_planned_move())
    assert made.header.incident
    assert (made.header.incident.start, made.header.incident.source) == (CLOSED, "planned")
    assert made.exit == 0
    assert all(p.rto and p.rto.down.start == CLOSED for p in made.processes)


def test_text_and_page_say_alike_where_the_clock_starts_and_that_it_does_not_yet() -> None:
    serves = play(Story(mode=RunMode.PLANNED, incident=None, ends={"base": FAILED}))
    for show in (render, render_html.render):
        assert "when the old site was closed" in show(report(a_planned_move()))
        assert "none so far: a planned move, and the old site serves" in show(report(serves))
        assert "when the old site was closed" not in show(report(serves))


def test_a_closing_that_failed_counts_from_its_beginning() -> None:
    move = move_of(broken_off())
    assert move
    assert move.closed
    assert BEGAN < move.closed < CLOSED
    assert move.caught_up is None
    assert "Still down: sales" in report(broken_off()).headline


@pytest.mark.parametrize("fact", ["", "soon", "2026-03-14T03:02:40", None, 7])
def test_a_word_that_is_no_moment_is_not_taken_for_one(fact: object) -> None:
    said = Outcome(state=State.DONE, facts={"closed": fact})
    move = move_of(play(Story(mode=RunMode.PLANNED, incident=None, ends={"quiesce": said})))
    assert move == move_of(
        play(
            Story(mode=RunMode.PLANNED, incident=None, ends={"quiesce": Outcome(state=State.DONE)})
        )
    )


def test_the_parts_of_the_downtime_follow_each_other_from_the_closing_to_the_last_proof() -> None:
    made = report(a_planned_move())
    parts = downtime_parts(made)
    assert [part.name for part in parts] == ["closing", "restore and proof", "consent", "cutover"]
    longest = max(p.rto.down.length for p in made.processes if p.rto)
    assert sum((part.length for part in parts), timedelta()) == longest
    assert "closed    eu-west-3.g1 for" in render(made)
    assert "drkit reopen" not in render(made), "the move is over"


def test_a_move_that_waits_says_what_it_has_cost_so_far_and_the_way_back() -> None:
    waits = play(Story(mode=RunMode.PLANNED, incident=None, consent=None, stand="waits"))
    made = report(waits)
    assert [part.name for part in downtime_parts(made)][-1] == "consent"
    assert "eu-west-3.g1 takes no customers: carry on, or give it back" in render(made)


def test_nobody_is_down_while_the_old_site_still_serves() -> None:
    failed = play(Story(mode=RunMode.PLANNED, incident=None, ends={"base": FAILED}))
    made = report(failed)
    assert "Still down" not in made.headline
    assert downtime_parts(made) == ()
    assert all(p.rto and not p.rto.down.length and not p.rto.down.open for p in made.processes)


def test_nobody_is_down_once_the_old_site_is_given_back() -> None:
    made = report(reopened(broken_off()))
    assert "Still down" not in made.headline
    back = made.header.as_of
    assert all(p.rto and p.rto.down.end == back for p in made.processes)
    assert "reopened  eu-west-3.g1" in render(made)


def test_a_site_that_is_being_given_back_serves_nobody_until_that_ends_well() -> None:
    made = report(being_given_back(broken_off()))
    assert "Still down" in made.headline
    assert "takes no customers before that ends well: run `drkit reopen" in render(made)
    assert "reopened  " not in render(made)
    cost = [
        sum((p.length for p in downtime_parts(report(r))), timedelta())
        for r in (being_given_back(broken_off()), reopened(broken_off()))
    ]
    assert cost[1] - cost[0] == LATER, "until it serves"


def test_a_move_that_goes_on_without_the_old_site_is_an_unplanned_run_from_then_on() -> None:
    skipped = StepSkipped(step="quiesce", reason="--mode unplanned: it burns", operator="ana@x")
    made = report(then(broken_off(), skipped))
    assert made.header.move
    assert made.header.move.given_up == made.header.as_of
    assert downtime_parts(made) == ()
    assert "Still down: sales" in made.headline


def test_an_unplanned_run_is_no_move() -> None:
    assert move_of(undisturbed()) is None
    assert move_of(()) is None
    assert report(undisturbed()).header.move is None


def test_a_cutover_that_was_renamed_in_mid_run_sends_customers_on_all_the_same() -> None:
    """What was sent on cannot be given back, by whatever name the plan has it now."""
    records = tuple(r for r in a_planned_move() if r.at <= CLOSED + LATER)
    cut = next(i for i, r in enumerate(records) if _starts(r, "cutover.epoch"))
    records = records[:cut]
    began = records[0].body
    assert isinstance(began, RunBegan)
    steps = tuple(
        replace(s, id="switch.epoch") if s.id == "cutover.epoch" else s for s in began.steps
    )
    changed = PlanChanged(
        changes=(),
        plan=began.plan,
        steps=steps,
        again=(),
        kept=(),
        dropped=(),
        reason="why",
        operator="ana@x",
    )
    started = StepStarted(step="switch.epoch", number=1, digest="", log="")
    before, after = move_of(records), move_of(then(then(records, changed), started))
    assert before
    assert after
    assert before.can_be_broken_off
    assert not after.can_be_broken_off


def _starts(record: Record, step: str) -> bool:
    return isinstance(record.body, StepStarted) and record.body.step == step


def test_what_is_ahead_of_a_move_counts_from_when_its_old_site_is_expected_to_be_closed() -> None:
    """Until then customers are served: an hour of building takes nothing from an RTO of an hour."""
    began = a_planned_move()[0]
    assert isinstance(began.body, RunBegan)
    lasts = {
        step.id: Expected(
            lasts=HOUR if step.id == "compute" else timedelta(seconds=1), source=Source.BUDGET
        )
        for step in began.body.steps
    }
    found = forecast((began,), Expectations(steps=lasts, bound=None), BEGAN)
    payment = next(process for process in found.processes if process.name == "payment")
    assert payment.back is not None
    assert payment.back > BEGAN + HOUR
    assert payment.deadline is not None
    assert payment.deadline > BEGAN + HOUR + HOUR, "closed after the hour, and an RTO of an hour"
    assert not payment.late


def test_once_the_old_site_is_closed_its_own_word_is_the_clock_of_what_is_ahead() -> None:
    records = tuple(r for r in a_planned_move() if r.at <= CLOSED + timedelta(seconds=20))
    found = forecast(records, Expectations(bound=None), records[-1].at)
    deadlines = {p.name: p.deadline for p in found.processes}
    assert deadlines["payment"] == CLOSED + HOUR
