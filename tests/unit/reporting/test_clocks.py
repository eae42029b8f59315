"""When a process's clock starts and stops, and when its length is only "at least"."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from drkit.model.record import IncidentBegan, Record
from drkit.reporting.clocks import Downtime, incident_of
from drkit.reporting.report import report
from tests.unit.reporting import journals
from tests.unit.reporting.journals import BEGAN, LOST_AT, Story, play

moments = st.timedeltas(timedelta(), timedelta(days=400)).map(lambda since: LOST_AT + since)


@given(start=moments, end=st.none() | moments, as_of=moments, observed=st.booleans())
def test_no_downtime_is_negative_and_only_a_closed_observed_one_is_exact(
    start: datetime, end: datetime | None, as_of: datetime, observed: bool
) -> None:
    down = Downtime(start=start, end=end, as_of=as_of, observed=observed)
    assert down.length >= timedelta()
    assert down.at_least is not (observed and end is not None)


@given(start=moments, earlier=st.timedeltas(timedelta(), timedelta(days=30)), end=moments)
def test_an_earlier_start_never_makes_a_downtime_shorter(
    start: datetime, earlier: timedelta, end: datetime
) -> None:
    late = Downtime(start=start, end=end, as_of=end)
    early = Downtime(start=start - earlier, end=end, as_of=end)
    assert early.length >= late.length


def test_a_clock_stops_when_the_live_proof_has_passed_and_not_at_the_end_of_the_run() -> None:
    made = report(journals.undisturbed())
    live = next(step for step in made.steps if step.id == "live.sales")
    for process in made.processes:
        assert process.rto
        assert process.rto.down.end == live.ended
        assert process.rto.down.length == timedelta(minutes=4, seconds=25 + 69.4)
    assert live.ended
    assert live.ended < made.header.as_of


def test_a_process_has_the_start_of_its_own_failures() -> None:
    own = {"support": LOST_AT + timedelta(seconds=5)}
    incident = IncidentBegan(start=LOST_AT, source="probe", per_process=own)
    made = report(play(Story(incident=incident)))
    starts = {p.name: p.rto.down.start for p in made.processes if p.rto}
    assert starts["support"] == LOST_AT + timedelta(seconds=5)
    assert starts["sales"] == LOST_AT


def test_a_corrected_start_counts_from_then_on() -> None:
    records = journals.undisturbed()
    earlier = IncidentBegan(start=LOST_AT - timedelta(minutes=10), source="since")
    amended = (*records, Record(seq=len(records), at=records[-1].at, body=earlier))
    before, after = report(records), report(amended)
    for first, second in zip(before.processes, after.processes, strict=True):
        assert first.rto
        assert second.rto
        assert second.rto.down.length == first.rto.down.length + timedelta(minutes=10)


def test_a_run_that_names_no_incident_counts_from_its_own_start_and_says_at_least() -> None:
    incident = incident_of(play(Story(incident=None)), began=BEGAN)
    assert (incident.start, incident.observed) == (BEGAN, False)


def test_a_process_that_is_not_live_is_down_until_the_last_record() -> None:
    made = report(journals.that_waits())
    for process in made.processes:
        assert process.rto
        assert process.rto.down.open
        assert process.rto.down.length == made.header.as_of - LOST_AT


def test_a_deployment_has_no_incident_and_says_how_long_each_process_took() -> None:
    made = report(journals.a_deploy())
    assert made.header.incident is None
    for process in made.processes:
        assert (process.rto, process.rpo, process.cost) == (None, None, None)
        assert process.time_to_live == timedelta(seconds=69.4)
