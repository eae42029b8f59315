"""Verdicts and exit codes: unknown is never met, and of several the worst is told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drkit.errors import Exit
from drkit.model.outcome import Outcome, State
from drkit.model.record import IncidentBegan, ProblemAccepted, Record
from drkit.reporting.clocks import Downtime
from drkit.reporting.report import report
from drkit.reporting.verdict import Verdict, rto_verdict
from tests.unit.reporting import journals
from tests.unit.reporting.journals import (
    BEGAN,
    LOST_AT,
    SKETCHES,
    Records,
    Story,
    play,
    promise,
    reading,
)

lengths = st.timedeltas(timedelta(), timedelta(days=9))
FAILED = Outcome(state=State.FAILED, message="it did not work")
UNKNOWN = Outcome(state=State.UNKNOWN, message="no answer within 15m")
OLD = {"ledger.card-a": reading("card-a", promise(1, before=timedelta(hours=3)))}
"""A promise three hours old is missing: sales, orders and payment miss their RPO."""


@given(length=lengths, rto=lengths, ended=st.booleans(), observed=st.booleans())
def test_met_is_only_said_of_an_exact_length_within_the_rto(
    length: timedelta, rto: timedelta, ended: bool, observed: bool
) -> None:
    end = BEGAN + length
    down = Downtime(start=BEGAN, end=end if ended else None, as_of=end, observed=observed)
    verdict = rto_verdict(down, rto, broken=False)
    assert (verdict is Verdict.MET) == (length <= rto and ended and observed)
    assert (verdict is Verdict.MISSED) == (length > rto)


@given(length=lengths, rto=lengths)
def test_a_process_that_is_down_for_a_failure_has_failed_however_short(
    length: timedelta, rto: timedelta
) -> None:
    down = Downtime(start=BEGAN, end=None, as_of=BEGAN + length)
    assert rto_verdict(down, rto, broken=True) is Verdict.FAILED


@pytest.mark.parametrize(
    ("records", "code"),
    [
        (journals.undisturbed(), Exit.OK),
        (journals.with_a_failed_playbook(), Exit.STEP_FAILED),
        (journals.with_a_failed_check(), Exit.CHECK_FAILED),
        (journals.that_waits(), Exit.WAITS),
        (journals.a_deploy(), Exit.OK),
        (play(Story(ends=OLD)), Exit.OBJECTIVE_MISSED),
        (play(Story(ends={"images": UNKNOWN})), Exit.UNKNOWN),
        (play(Story(consent=False)), Exit.UNKNOWN),
        (play(Story(stand=None, consent=None)), Exit.UNKNOWN),
    ],
    ids=["met", "step", "check", "waits", "deploy", "missed", "unknown", "refused", "no end"],
)
def test_each_way_to_end_has_its_exit_code(records: Records, code: Exit) -> None:
    assert report(records).exit is code


@pytest.mark.parametrize(
    ("ends", "code"),
    [
        ({"edge": FAILED, "check.support": FAILED, **OLD, "images": UNKNOWN}, Exit.STEP_FAILED),
        ({"check.support": FAILED, **OLD, "images": UNKNOWN}, Exit.CHECK_FAILED),
        ({**OLD, "images": UNKNOWN}, Exit.OBJECTIVE_MISSED),
        ({"images": UNKNOWN}, Exit.UNKNOWN),
    ],
)
def test_of_several_the_first_of_6_5_4_8_counts(
    ends: dict[str, Outcome | None], code: Exit
) -> None:
    assert report(play(Story(ends=ends))).exit is code


@given(
    st.dictionaries(
        st.sampled_from([s.id for s in SKETCHES if s.kind != "gate"]),
        st.sampled_from([FAILED, UNKNOWN, None]),
        max_size=4,
    ),
    st.sampled_from([True, False]),
)
def test_zero_is_only_said_when_every_step_is_done_and_every_verdict_met(
    ends: dict[str, Outcome | None], consent: bool
) -> None:
    made = report(play(Story(ends=ends, consent=consent)))
    all_done = all(step.done for step in made.steps)
    all_met = all(v is Verdict.MET for process in made.processes for v in process.verdicts)
    assert (made.exit is Exit.OK) == (all_done and all_met)


def test_a_failed_step_that_no_process_waits_for_leaves_the_verdicts_met() -> None:
    made = report(play(Story(ends={"protect": FAILED})))
    assert {v for process in made.processes for v in process.verdicts} == {Verdict.MET}
    assert made.exit is Exit.STEP_FAILED


def test_an_outage_longer_than_the_rto_is_missed_also_while_it_lasts() -> None:
    long_ago = IncidentBegan(start=LOST_AT - timedelta(hours=2), source="since")
    made = report(play(Story(incident=long_ago, consent=None, stand="waits")))
    verdicts = {p.name: p.rto.verdict for p in made.processes if p.rto}
    assert verdicts["payment"] is Verdict.MISSED
    assert verdicts["shipping"] is Verdict.UNKNOWN


def test_a_process_left_out_by_an_accepted_problem_has_failed_and_no_step_has() -> None:
    records = journals.that_waits()
    left_out = ("live.support",)
    problem = ProblemAccepted(
        problem="services.support", reason="not needed", operator="ana", affects=left_out
    )
    amended = (*records, Record(seq=len(records), at=records[-1].at, body=problem))
    made = report(amended)
    support = next(p for p in made.processes if p.name == "support")
    assert support.rto
    assert support.rto.verdict is Verdict.FAILED
    assert support.held_up_by == ("live.support",)


def test_the_cost_is_the_impact_of_the_time_down() -> None:
    made = report(journals.undisturbed())
    by_name = {p.name: p.cost for p in made.processes}
    assert by_name["sales"]
    # 50,000 a day over 334.4 s
    assert by_name["sales"].cents == 19352
    assert made.cost
    assert made.cost.cents == sum(c.cents for c in by_name.values() if c)
