"""What a report and a console say of gates: whom they wait for, until when, and a broken code."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from drkit.adapters import render_html, render_json, render_junit, render_text
from drkit.cli.console import PlainConsole, Seen, of_the_run
from drkit.cli.outlook import Outlook
from drkit.model.outcome import State
from drkit.model.record import Body, GateAnswered, GateOpened, GateOverdue, Record, RunEnded
from drkit.model.step import GateWork
from drkit.reporting.expected import Expectations
from drkit.reporting.report import report
from drkit.reporting.steps import StepReport
from drkit.reporting.timeline import phases
from tests.unit.reporting import journals

GATE = GateWork(role="lead", people=2, limit=timedelta(minutes=30))
OPENED = GateOpened(step="consent", gate=GATE)
BROKEN = GateAnswered(
    step="consent",
    person="ana",
    role="lead",
    consent=True,
    comment="nobody else",
    signed=True,
    broken="5f2a91c3",
)
SHOUT = "BREAK GLASS: the sealed code 5f2a91c3 stood in for a missing person"


def waiting(*bodies: Body, opened: Body = OPENED) -> tuple[Record, ...]:
    """A run whose gate was opened, and ``bodies`` half an hour after it."""
    *before, last = journals.that_waits()
    made = [*before, replace(last, body=opened)]
    later = last.at + timedelta(minutes=30)
    made += [Record(seq=len(made) + n, at=later, body=body) for n, body in enumerate(bodies)]
    return tuple(made)


def consent(records: tuple[Record, ...]) -> StepReport:
    return next(step for step in report(records).steps if step.id == "consent")


def test_a_gate_that_waits_says_for_whom_and_until_when() -> None:
    records = waiting()
    step = consent(records)
    assert (step.state, step.message) == (State.WAITING, "waits for 2 of lead")
    assert step.began == records[-1].at
    assert step.until == records[-1].at + timedelta(minutes=30)


def test_a_gate_without_a_limit_waits_until_no_moment() -> None:
    assert consent(waiting(opened=replace(OPENED, gate=GateWork(role="lead")))).until is None


def test_one_that_nobody_answered_in_time_is_refused_and_the_headline_says_by_whom() -> None:
    records = waiting(GateOverdue(step="consent", asks=None), RunEnded(stand="finished"))
    step = consent(records)
    assert step.state is State.REFUSED
    assert step.message == "nobody answered within 30m: silence is a no"
    assert step.elapsed == timedelta(minutes=30)
    assert report(records).headline.startswith("Nobody answered consent in time")


def test_one_that_brought_somebody_in_still_waits() -> None:
    escalating = replace(OPENED, gate=replace(GATE, escalate="dba"))
    step = consent(waiting(GateOverdue(step="consent", asks="dba"), opened=escalating))
    assert (step.state, step.until) == (State.WAITING, None)
    assert step.message == "waits for 2 of lead or dba: nobody answered within 30m"


def test_the_wait_counts_as_a_persons_from_the_moment_that_the_gate_opened() -> None:
    kinds = {phase.kind.value: phase.length for phase in phases(report(waiting(BROKEN)))}
    assert kinds["waiting for a person"] == timedelta(minutes=30)


def test_a_broken_code_is_shouted_in_every_rendering() -> None:
    made = report(waiting(BROKEN, RunEnded(stand="interrupted")))
    assert f"{SHOUT} at consent, by ana." in made.headline
    assert render_text.render(made).count(SHOUT) == 2, "beside the answer and in the verdict"
    assert f"<strong>{SHOUT}</strong>" in render_html.render(made)
    assert SHOUT in render_junit.render(made)
    [told] = json.loads(render_json.render(made))["consents"]
    assert told["broken_code"] == "5f2a91c3"


def test_where_no_code_was_broken_nobody_shouts() -> None:
    made = report(waiting(replace(BROKEN, broken="")))
    for text in (made.headline, render_text.render(made), render_html.render(made)):
        assert "BREAK GLASS" not in text
    assert json.loads(render_json.render(made))["consents"][0]["broken_code"] is None


def test_the_consoles_say_it_all_as_it_happens(capsys: pytest.CaptureFixture[str]) -> None:
    console = PlainConsole(Outlook(lambda _: Expectations()))
    records = waiting(GateOverdue(step="consent", asks="dba"), BROKEN)
    for record in records:
        console.recorded(record)
    opened, overdue, answered = capsys.readouterr().err.splitlines()[-3:]
    assert opened.endswith("consent: waits for 2 of lead, 30m left")
    assert "waits for 2 of lead or dba: nobody answered within 30m" in overdue
    assert SHOUT in answered
    news = [of_the_run(record) for record in records[-2:]]
    assert news == ["nobody answered consent in time: dba may answer as well from here on", SHOUT]


def test_the_time_that_is_left_goes_down_and_ends_at_nothing() -> None:
    seen = Seen()
    records = waiting()
    for record in records:
        seen.take(record)
    assert seen.words("consent", records[-1].at + timedelta(minutes=18)).endswith(", 12m left")
    assert seen.words("consent", records[-1].at + timedelta(hours=1)).endswith(", 0s left")


def answered(people: int) -> tuple[Record, ...]:
    gate = GateOpened(step="consent", gate=GateWork(role="lead", people=people))
    return waiting(replace(BROKEN, broken=""), opened=gate)


def test_one_person_who_sent_the_customers_over_alone_is_named_as_such() -> None:
    alone, two = report(answered(1)), report(answered(2))
    assert alone.alone == {"consent"}
    assert two.alone == frozenset()
    assert "alone: no second person was asked" in render_text.render(alone)
    assert "alone: no second person was asked" in render_html.render(alone)
    assert json.loads(render_json.render(alone))["consents"][0]["alone"] is True
    assert "alone: no second person" not in render_text.render(two) + render_html.render(two)


def test_a_journal_that_does_not_say_how_many_were_asked_says_nothing_of_it() -> None:
    assert (
        report(waiting(replace(BROKEN, broken=""), opened=RunEnded(stand="waits"))).alone == set()
    )
