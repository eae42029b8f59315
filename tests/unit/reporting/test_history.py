"""Runs over time: what was slower and why, what fails anew, and that noise is neither."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drkit.model.record import IncidentBegan, Record, RunResumed
from drkit.model.step import RunKind, RunMode
from drkit.reporting import slower as slower_module
from drkit.reporting.failing import Flaky, NewlyFailing, Recovered
from drkit.reporting.history import Compared, history
from drkit.reporting.recoveries import BEFORE, PAUSE
from drkit.reporting.report import report
from drkit.reporting.slower import Slower
from tests.unit.reporting import journals
from tests.unit.reporting.journals import LOST_AT, PROCESSES, Story
from tests.unit.reporting.nights import FAILED, SECONDS, Night, nights, records_of

USUAL = (Night(),) * 6
FAILS = Night(story=Story(ends={"check.payment": FAILED}))
SAME, OTHER = "a3" * 32, "b4" * 32
"""The digest of every try of these journals, and another."""


def slowed(found: Compared) -> list[Slower]:
    return [change for change in found.changes if isinstance(change, Slower)]


def causes(found: Compared) -> set[str]:
    return {change.cause.what if change.cause else "" for change in slowed(found)}


def seconds(value: timedelta) -> float:
    return round(value.total_seconds(), 3)


@pytest.mark.parametrize("night", range(3, 7))
def test_a_slow_step_planted_in_one_of_seven_nights_is_named_in_that_night_alone(
    night: int,
) -> None:
    planted = [*USUAL[:night], Night(slower={"orders-db": 130}), *USUAL[night:]]
    found = nights(planted)[::-1]
    assert [bool(each.changes) for each in found] == [n == night for n in range(7)]
    assert causes(found[night]) == {"orders-db"}
    for change in slowed(found[night]):
        assert (seconds(change.by), change.before) == (130, night)
        assert change.cause is not None
        assert change.cause.usual == timedelta(seconds=SECONDS["orders-db"])
    assert tuple(change.process for change in slowed(found[night])) == PROCESSES


@settings(max_examples=25)
@given(
    st.lists(
        st.dictionaries(st.sampled_from(sorted(SECONDS)), st.floats(-0.1, 0.1)),
        min_size=7,
        max_size=7,
    )
)
def test_steps_that_take_a_tenth_more_or_less_are_no_news(noise: list[dict[str, float]]) -> None:
    """Whatever they are: within a tenth on both sides no way differs by a quarter."""
    found = nights(
        Night(slower={step: share * SECONDS[step] for step, share in night.items()})
        for night in noise
    )
    assert [each.changes for each in found] == [()] * 7


def test_without_a_threshold_such_noise_is_news(monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard of the test above."""
    noisy = [*USUAL, Night(slower={"orders-db": 0.9})]
    assert nights(noisy)[0].changes == ()
    monkeypatch.setattr(
        slower_module, "longer", lambda took, before, **_: took - before[0] if before else None
    )
    assert causes(nights(noisy)[0]) == {"orders-db"}


def test_with_two_runs_before_nothing_is_called_usual() -> None:
    assert nights([*USUAL[:2], Night(slower={"orders-db": 600})])[0].changes == ()


def test_a_step_that_nothing_live_waits_for_slows_nobody() -> None:
    assert nights([*USUAL, Night(slower={"sessions": 600})])[0].changes == ()


def test_a_step_that_grew_onto_the_way_is_named_though_it_was_never_on_it() -> None:
    """The storage stack is up before the network, as a rule, and nobody waits for it."""
    found = nights([*USUAL, Night(slower={"storage": 60})])[0]
    assert causes(found) == {"storage"}
    assert seconds(slowed(found)[0].by) == pytest.approx(60 - (5.1 - 3.9))


def test_of_two_steps_that_grew_the_one_that_grew_most_is_the_cause() -> None:
    assert causes(nights([*USUAL, Night(slower={"base": 40, "compute": 50})])[0]) == {"compute"}


def test_where_all_steps_grew_alike_no_one_step_is_to_blame() -> None:
    steps = {step: 0.9 * length for step, length in SECONDS.items() if step != "consent"}
    assert causes(nights([*USUAL, Night(slower=steps)])[0]) == {""}


def test_a_person_who_took_long_is_named_and_no_tool() -> None:
    assert causes(nights([*USUAL, Night(slower={"consent": 1200})])[0]) == {"consent"}


def test_a_slow_step_shows_though_people_answer_now_sooner_now_later() -> None:
    uneven = [Night(slower={"consent": wait}) for wait in (0, 600, 60, 1200, 30, 900)]
    found = nights([*uneven, Night(slower={"consent": 60, "orders-db": 130})])[0]
    assert causes(found) == {"orders-db"}
    assert all(change.in_work and seconds(change.by) == 130 for change in slowed(found))


def test_a_slow_person_does_not_bury_a_slow_step_and_one_that_is_named_is_named_once() -> None:
    found = slowed(nights([*USUAL, Night(slower={"consent": 1200, "orders-db": 130})])[0])
    named = [(change.cause.what if change.cause else "", change.in_work) for change in found]
    assert named == [("consent", False), ("orders-db", True)] * len(PROCESSES)
    found = slowed(nights([*USUAL, Night(slower={"orders-db": 130})])[0])
    assert [change.in_work for change in found] == [False] * len(PROCESSES)


def test_what_a_clock_that_was_set_back_cannot_tell_is_not_called_slower() -> None:
    """A person answered three minutes later, by a clock that was wrong by ten."""
    before = [report(records_of(night, number)) for number, night in enumerate(USUAL)][::-1]
    *records, last = records_of(Night(slower={"consent": 180}), 6)
    assert causes(history([report((*records, last)), *before])[0]) == {"consent"}
    back = replace(last, at=last.at - timedelta(minutes=10))
    assert history([report((*records, back)), *before])[0].changes == ()


def test_of_a_planned_move_what_was_over_before_the_closing_kept_nobody_waiting() -> None:
    [moved] = history([report(journals.a_planned_move())])
    for recovery in moved.run.recoveries.values():
        assert recovery.way[0].id == "quiesce"
        assert recovery.waits == {BEFORE: timedelta(0), PAUSE: timedelta(0)}


def test_a_pause_after_a_process_was_live_held_it_up_for_no_time() -> None:
    records = records_of(Night(), 0)
    at = records[-1].at + timedelta(minutes=30)
    resumed = Record(seq=len(records), at=at, body=RunResumed(operator="ana@laptop", pid=2))
    [found] = history([report((*records, resumed))])
    assert {one.waits[PAUSE] for one in found.run.recoveries.values()} == {timedelta(0)}


def test_a_late_start_of_the_run_is_named_as_that() -> None:
    late = IncidentBegan(start=LOST_AT - timedelta(minutes=40), source="probe")
    assert causes(nights([*USUAL, Night(story=Story(incident=late))])[0]) == {BEFORE}


def test_a_pause_is_named_as_that() -> None:
    found = nights([*USUAL, Night(pause_before="cutover.epoch")])[0]
    assert causes(found) == {PAUSE}
    assert {seconds(change.by) for change in slowed(found)} == {1800}


def test_a_start_that_nobody_saw_is_not_compared_with_one_that_was_seen() -> None:
    """Their recovery times begin at other moments: minutes apart, and no step took longer."""
    unseen = [Night(story=Story(incident=None))] * 3
    assert nights([*unseen, Night()])[0].changes == ()
    late = IncidentBegan(start=LOST_AT - timedelta(minutes=40), source="probe")
    assert nights([*unseen, Night(story=Story(incident=late))])[0].changes == ()


@pytest.mark.parametrize(
    "others",
    [
        Night(story=Story(kind=RunKind.DEPLOY, incident=None)),
        Night(region="eu-west-3"),
        Night(story=Story(mode=RunMode.PLANNED)),
        Night(story=Story(plan={**journals.PLAN, "sites": {"eu-central-1": {"cloud": "sandbox"}}})),
    ],
    ids=["kind", "region", "planned", "sandbox"],
)
def test_runs_of_another_sort_are_not_before_it(others: Night) -> None:
    last = Night(slower={"orders-db": 600})
    assert nights([others] * 6 + [last])[0].before == ()
    assert nights([others] * 6 + [last])[0].changes == ()
    assert slowed(nights([*USUAL, *[others] * 2, last])[0]), "and those that are do count"


def test_a_deployment_is_compared_by_its_time_to_live() -> None:
    story = Story(kind=RunKind.DEPLOY, incident=None)
    found = nights([Night(story=story)] * 3 + [Night(story=story, slower={"orders-db": 90})])[0]
    assert causes(found) == {"orders-db"}
    assert [change.took for change in slowed(found)] == [
        process.time_to_live for process in found.run.report.processes
    ]


def test_what_is_not_live_has_no_recovery_time_and_is_not_slower() -> None:
    found = nights([*USUAL, FAILS])[0]
    assert [one.took for one in found.run.recoveries.values()] == [None] * 5
    assert slowed(found) == []


def test_a_step_that_fails_and_did_not_is_newly_failing() -> None:
    found = nights([*USUAL, FAILS])[0]
    assert found.changes == (NewlyFailing(step="check.payment", done_before=6),)
    assert found.run.failed == ("check.payment",)


def test_a_step_that_failed_and_does_no_more_is_recovered() -> None:
    found = nights([Night(), FAILS, FAILS, Night()])
    assert found[0].changes == (Recovered(step="check.payment", failed_before=2),)
    assert found[1].changes == (), "that it fails still is no change"


def test_a_step_that_alternates_is_flaky_and_neither_newly_failing_nor_recovered() -> None:
    found = nights([Night(), FAILS, Night(), FAILS, Night()])
    flaky = Flaky(step="check.payment", within=False, failed=2, of=5)
    assert found[0].changes == (flaky,)
    assert found[1].changes == (replace(flaky, of=4),)
    assert found[2].changes == (Recovered(step="check.payment", failed_before=1),)


def test_a_step_that_failed_and_came_up_in_the_try_after_is_flaky() -> None:
    stumbles = Night(failed_first={"check.payment": SAME})
    found = nights([Night(), stumbles, Night(), stumbles])
    assert found[0].changes == (Flaky(step="check.payment", within=True, failed=2, of=4),)
    assert found[1].changes == ()


def test_a_step_that_was_mended_between_two_tries_is_not_flaky() -> None:
    assert nights([Night(), Night(failed_first={"check.payment": OTHER})])[0].changes == ()


def test_what_was_not_run_for_another_step_says_nothing_of_itself() -> None:
    """Behind a failed check nothing was proven, and nothing of that is failing."""
    found = nights([Night(), FAILS, Night()])
    assert [type(change) for change in found[0].changes] == [Recovered]
    assert [type(change) for change in found[1].changes] == [NewlyFailing]


def test_a_run_is_judged_by_those_before_it_alone() -> None:
    planted = [*USUAL, Night(slower={"orders-db": 130})]
    assert nights(planted)[0].changes == nights([*planted, FAILS, *USUAL])[7].changes


def test_the_slowest_steps_are_those_that_took_most_of_their_budget() -> None:
    found = nights([Night(slower={"network": 50})])[0]
    assert [step.id for step in found.run.slowest] == ["network", "base", "storage"]
