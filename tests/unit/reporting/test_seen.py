"""From rows of failures to the start for each process, and which of them are only "at least"."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from drkit.model.plan import Process
from drkit.model.quantities import Impact, Money
from drkit.model.record import IncidentBegan
from drkit.reporting.report import report
from drkit.reporting.seen import Failing, incident_seen
from drkit.reporting.verdict import Verdict
from tests.unit.reporting.journals import BEGAN, LOST_AT, Story, play

WEEKS = timedelta(weeks=3)


def processes(**pages: str | None) -> Mapping[str, Process]:
    hour = timedelta(hours=1)
    return {
        name: Process(
            name=name,
            rto=hour,
            rpo=hour,
            impact=Impact(Money(100, "EUR")),
            needs=(),
            proof=Path("buy.py"),
            probe=page,
        )
        for name, page in pages.items()
    }


def row(start: datetime = LOST_AT, *, observed: bool = True) -> Failing:
    return Failing(start=start, observed=observed)


def seen(rows: Mapping[str, Failing], **pages: str | None) -> IncidentBegan:
    return incident_seen(rows, processes(**pages), now=BEGAN)


def test_a_row_that_was_seen_to_begin_is_the_exact_start() -> None:
    found = seen({"sales": row()}, sales="/sales")
    assert (found.start, found.source, found.unobserved) == (LOST_AT, "probe", ())
    assert found.per_process == {"sales": LOST_AT}


def test_a_probe_that_was_started_after_the_outage_began_says_at_least() -> None:
    found = seen({"sales": row(observed=False), "orders": row()}, sales="/sales", orders="/o")
    assert found.unobserved == ("sales",)


def test_a_process_with_a_page_that_does_not_fail_is_not_dated_by_the_others() -> None:
    found = seen({"sales": row()}, sales="/sales", support="/support")
    assert found.per_process == {"sales": LOST_AT, "support": BEGAN}
    assert found.unobserved == ("support",)


def test_a_process_without_a_page_is_down_at_least_since_all_that_is_watched_is() -> None:
    late = LOST_AT + timedelta(seconds=30)
    rows = {"sales": row(), "orders": row(late)}
    found = seen(rows, sales="/sales", orders="/orders", support=None)
    assert found.per_process["support"] == late
    assert found.unobserved == ("support",)
    one_answers = seen({"sales": row()}, sales="/sales", orders="/orders", support=None)
    assert one_answers.per_process["support"] == BEGAN


def test_a_page_that_has_been_broken_for_weeks_dates_nobody_else_back() -> None:
    rows = {"sales": row(LOST_AT - WEEKS), "orders": row()}
    found = seen(rows, sales="/sales", orders="/orders", support=None)
    assert found.start == LOST_AT
    assert found.per_process == {
        "sales": LOST_AT - WEEKS,
        "orders": LOST_AT,
        "support": LOST_AT,
    }


def test_without_a_failure_the_start_is_the_run_and_nobody_saw_it() -> None:
    gone = {"a process of an older plan": row()}
    assert seen(gone, sales="/sales") == IncidentBegan(start=BEGAN, source="run")


def test_the_report_says_at_least_of_what_was_not_observed_and_of_nothing_else() -> None:
    pages = dict.fromkeys(("sales", "orders", "payment", "shipping", "support"), "/page")
    rows = {name: row(observed=name != "support") for name in pages}
    made = report(play(Story(incident=seen(rows, **pages))))
    verdicts = {p.name: (p.rto.down.at_least, p.rto.verdict) for p in made.processes if p.rto}
    assert verdicts.pop("support") == (True, Verdict.UNKNOWN)
    assert set(verdicts.values()) == {(False, Verdict.MET)}
    assert made.header.incident
    assert made.header.incident.observed, "its start was seen, at the others"


def test_a_start_that_nobody_saw_is_not_given_as_observed() -> None:
    late = play(Story(incident=seen({"sales": row(observed=False)}, sales="/sales")))
    assert (incident := report(late).header.incident)
    assert not incident.observed
