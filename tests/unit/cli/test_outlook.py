"""What is said of the time ahead, in words: once for each turn, and from the numbers alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from drkit.cli.console import PlainConsole
from drkit.cli.forecast import advice, as_json, basis, line, when
from drkit.cli.outlook import Outlook, expecting
from drkit.model.record import IncidentBegan, Record, RunBegan, RunResumed
from drkit.model.step import RunKind, RunMode
from drkit.planning.graph import build_graph
from drkit.reporting.expected import EARLIER, Expectations, Expected, Source
from drkit.reporting.forecast import Forecast, ProcessForecast, forecast
from tests.fakes import plans
from tests.unit.reporting import journals, simulated_runs
from tests.unit.reporting.journals import BEGAN, SKETCHES, Records, Story, play

MINUTE = timedelta(minutes=1)


def slow(step: str, lasts: timedelta) -> Expectations:
    return Expectations(steps={step: Expected(lasts=lasts, source=Source.EARLIER)})


def outlook(records: Records, expected: Expectations, *, until: timedelta) -> Outlook:
    made = Outlook(lambda _: expected)
    for record in records:
        if record.at <= BEGAN + until:
            made.take(record)
    return made


def of(process: str, found: Forecast) -> ProcessForecast:
    return next(p for p in found.processes if p.name == process)


def test_a_process_that_will_be_late_is_said_once_and_not_at_each_tick() -> None:
    made = outlook(journals.undisturbed(), slow("orders-db", 62 * MINUTE), until=timedelta())
    told = [words for n in range(100) for words in made.turns(BEGAN + n * MINUTE / 60)]
    assert len(told) == 1
    assert told[0].startswith("payment will miss its RTO by 17m 20s: expected back at 04:15:05")
    assert "answer `consent` as soon as it is asked (saves up to 5m)" in told[0]
    assert "slowest on its way: orders-db 1h 2m" in told[0]


def test_that_it_will_be_in_time_after_all_is_said_once_too() -> None:
    """The database was expected to take an hour, and took ten seconds."""
    records = journals.undisturbed()
    made = outlook(records, slow("orders-db", 62 * MINUTE), until=timedelta())
    late = list(made.turns(BEGAN))
    for record in records[2:-1]:
        made.take(record)
        if "orders-db" in repr(record.body) and "Ended" in repr(record.body):
            break
    told = [w for n in range(3) for w in made.turns(record.at + n * timedelta(seconds=1))]
    assert len(late) == 1
    assert [words.split(",")[0] for words in told] == ["payment is expected within its RTO again"]
    assert told[0].endswith("to spare")


def test_what_comes_and_goes_by_seconds_is_not_said_in_turns() -> None:
    """An incident that is corrected by seconds moves the deadline to and fro over the same end."""
    records = list(journals.undisturbed()[:2])
    made = outlook(tuple(records), slow("orders-db", 62 * MINUTE), until=timedelta())
    found = made.at(BEGAN)
    assert found is not None
    back = of("payment", found).back
    assert back is not None
    told: list[str] = []
    for n in range(10):
        now = BEGAN + (n + 1) * timedelta(seconds=1)  # nothing has begun: the end moves with it
        start = back - timedelta(hours=1) + timedelta(seconds=n + 1 + (5 if n % 2 else -5))
        body = IncidentBegan(start=start, source="since")
        made.take(Record(seq=9 + n, at=now, body=body))
        told += made.turns(now)
    assert [words.split(":")[0] for words in told] == ["payment will miss its RTO by 5s"]


def test_several_that_will_be_late_are_told_what_helps_once() -> None:
    made = outlook(journals.undisturbed(), slow("orders-db", 9 * 60 * MINUTE), until=timedelta())
    told = list(made.turns(BEGAN))
    assert len(told) == len(journals.PROCESSES)
    assert [("slowest" in words) for words in told] == [True, False, False, False, False]


def test_past_its_deadline_it_is_said_to_be_past() -> None:
    start = BEGAN - timedelta(hours=3)
    records = play(Story(incident=IncidentBegan(start=start, source="since")))
    told = list(outlook(records, Expectations(), until=timedelta()).turns(BEGAN))
    assert told[0].startswith("sales is past its RTO, and will miss it by 1h 20m")


def test_of_a_start_that_nobody_saw_it_says_at_least() -> None:
    records = play(Story(incident=None))
    found = forecast(records[:1], slow("orders-db", 62 * MINUTE), BEGAN)
    assert "≥ 12m 55s late" in line(of("payment", found), BEGAN)


def test_a_step_that_runs_for_too_long_is_named_for_it() -> None:
    records = play(Story(ends={"orders-db": None}, stand=None))
    found = outlook(records, Expectations(), until=90 * MINUTE).at(BEGAN + 90 * MINUTE)
    assert found is not None
    assert "orders-db runs 1h 19m longer than expected" in advice(of("payment", found))


def test_a_gate_that_is_overdue_is_to_be_answered_now() -> None:
    records = play(Story(consent=None, stand=None))
    found = outlook(records, Expectations(), until=90 * MINUTE).at(BEGAN + 90 * MINUTE)
    assert found is not None
    assert advice(of("payment", found)).startswith("answer `consent` now; ")


def test_the_plain_console_says_what_is_expected_once_and_what_that_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    console = PlainConsole(Outlook(lambda _: Expectations()))
    for record in journals.undisturbed()[:2]:
        console.recorded(record)
    capsys.readouterr()
    for n in range(5):
        console.ticked(BEGAN + timedelta(seconds=n))
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert "expected back: sales 03:23:05 (in 20m 55s), orders" in lines[0]
    assert lines[1].endswith(
        "that is UTC; steps: 6 by budget, 33 at 5s; a person: 5m (assumed);"
        " as if all could run side by side"
    )


def test_a_moment_on_another_day_has_its_date() -> None:
    found = forecast(journals.undisturbed()[:1], slow("orders-db", timedelta(days=1)), BEGAN)
    assert when(of("sales", found), BEGAN) == "15 Mar 03:13 (in 1d 10m)"


def test_what_is_back_is_told_with_its_room() -> None:
    records = journals.undisturbed()
    found = forecast(records, Expectations(), records[-1].at)
    told = line(of("payment", found), records[-1].at)
    assert told == "back since 03:03:19, RTO until 03:57:45: 54m 26s to spare"
    assert basis(found) == ""


def test_of_a_run_that_brings_no_process_back_nothing_is_said() -> None:
    found = forecast(journals.a_standby()[:1], Expectations(), BEGAN)
    assert found.processes == ()
    assert basis(found) == ""


def test_the_json_has_all_that_the_words_have() -> None:
    found = forecast(journals.undisturbed()[:2], slow("orders-db", 62 * MINUTE), BEGAN)
    made = as_json(found)
    payment = next(p for p in made["processes"] if p["name"] == "payment")
    assert payment["back_at"] == "2026-03-14T04:15:05.000000Z"
    assert payment["room_seconds"] < 0
    assert payment["helps"][0]["step"] == "consent"
    assert {step["step"] for step in payment["path"]} >= {"orders-db", "consent", "live.payment"}
    assert made["steps_left"] == {"budget": 5, "nominal": 33, "person": 1, "earlier runs": 1}


def test_only_the_newest_earlier_runs_count_and_never_the_run_itself() -> None:
    plan = plans.plan()
    graph = build_graph(plan, RunKind.REBUILD)
    began = simulated_runs.began(plan, graph)
    own = (Record(seq=0, at=BEGAN, body=began),)
    asked: list[int] = []

    def earlier(_: RunBegan) -> object:
        yield own
        for number in range(99):
            asked.append(number)
            yield ()

    expecting(plan, earlier)(own)  # type: ignore[arg-type]
    assert len(asked) == EARLIER


@pytest.mark.parametrize("mode", RunMode)
def test_what_is_expected_of_a_planned_move_has_its_closing(mode: RunMode) -> None:
    plan = plans.plan()
    began = simulated_runs.began(plan, build_graph(plan, RunKind.REBUILD, mode=mode))
    record = Record(seq=0, at=BEGAN, body=replace(began, mode=mode))
    found = expecting(plan, lambda _: ())((record,))
    assert ("quiesce" in found.steps) == (mode is RunMode.PLANNED)


def test_a_plan_that_no_longer_joins_leaves_the_journal_to_tell() -> None:
    plan = plans.plan(steps=plans.steps(plans.entry("a", playbook="x", hosts="all", after=("a",))))
    made = expecting(plan, lambda _: [])(carried_on(max_parallel=3))
    assert made == Expectations(bound=3)


def carried_on(*, max_parallel: int, given: tuple[str, ...] = ()) -> Records:
    records = journals.undisturbed()[:20]
    again = RunResumed(operator="bo@laptop", pid=2, max_parallel=max_parallel, given=given)
    return (*records, Record(seq=20, at=records[-1].at, body=again))


def test_whoever_watches_reckons_with_what_the_newest_command_was_given() -> None:
    of_plan = expecting(plans.plan(), lambda _: [])
    first = of_plan(journals.undisturbed()[:20])
    again = of_plan(carried_on(max_parallel=3, given=("consent",)))
    assert first.bound is None, "that journal is of before it was recorded"
    assert first.steps["consent"].source is Source.PERSON
    assert again.bound == 3
    assert again.steps["consent"].source is Source.GIVEN


def test_a_console_that_saw_a_run_carried_on_forgets_the_bound_of_before() -> None:
    made = Outlook(expecting(plans.plan(), lambda _: []))
    for record in carried_on(max_parallel=3):
        made.take(record)
        found = made.at(record.at)
    last = made.at(record.at + MINUTE)
    assert found is not None
    assert last is not None
    assert (found.bound, last.bound) == (None, 3)


def test_a_run_that_is_told_again_is_reckoned_with_once() -> None:
    asked: list[str] = []

    def earlier(began: RunBegan) -> list[Records]:
        asked.append(began.run)
        return []

    made = Outlook(expecting(plans.plan(), earlier))
    for record in (*carried_on(max_parallel=2), *carried_on(max_parallel=3)[-1:]):
        made.take(record)
    assert asked == []
    assert made.at(BEGAN + MINUTE) is not None
    assert len(asked) == 1


def test_a_journal_whose_plan_cannot_be_read_leaves_the_console_going(
    capsys: pytest.CaptureFixture[str],
) -> None:
    records = play(Story(plan={"processes": "of another version"}))
    console = PlainConsole(Outlook(lambda _: Expectations()))
    for record in records:
        console.recorded(record)
        console.ticked(record.at)
    assert capsys.readouterr().err.splitlines()[-1].endswith("the run finished")


def test_a_forecast_is_made_anew_once_a_second_for_news_sooner_and_never_at_each_tick() -> None:
    records = journals.undisturbed()
    made = outlook(records, Expectations(), until=timedelta())
    first = made.at(BEGAN)
    assert made.at(BEGAN + timedelta(seconds=0.9)) is first
    second = made.at(BEGAN + timedelta(seconds=1))
    assert second is not first
    made.take(records[len(SKETCHES)])
    pause = timedelta(milliseconds=5) * len(SKETCHES)
    assert made.at(BEGAN + timedelta(seconds=1) + pause * 0.9) is second
    assert made.at(BEGAN + timedelta(seconds=1) + pause) is not second
