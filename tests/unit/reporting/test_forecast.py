"""When each process is expected back: against runs that the engine itself plays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drkit.errors import JournalDamaged
from drkit.model.outcome import Outcome, State
from drkit.model.record import Record, RunResumed, StepEnded, StepSkipped
from drkit.model.step import RunKind
from drkit.planning.graph import build_graph
from drkit.planning.order import priorities
from drkit.reporting.expected import PERSON, Expectations, Expected, Source, expectations
from drkit.reporting.forecast import Forecast, ProcessForecast, forecast, slowest
from drkit.reporting.forecast import _urgency as urgency_of
from tests.fakes import plans
from tests.unit.reporting import journals
from tests.unit.reporting.journals import BEGAN, LOST_AT, SKETCHES, Records, Story, play
from tests.unit.reporting.simulated_runs import PERSON as GATE
from tests.unit.reporting.simulated_runs import Script, began, plan_with_gate, run, scripts

SECOND = timedelta(seconds=1)
SHARES = st.floats(0, 1)


def live_at(records: Records) -> dict[str, datetime]:
    """Process → when its live proof passed."""
    return {
        record.body.step.removeprefix("live."): record.at
        for record in records
        if isinstance(record.body, StepEnded) and record.body.step.startswith("live.")
    }


def backs(found: Forecast) -> dict[str, datetime | None]:
    return {process.name: process.back for process in found.processes}


def until(records: Records, share: float) -> Records:
    """What was recorded up to a moment of the run."""
    moment = records[0].at + (records[-1].at - records[0].at) * share
    return tuple(record for record in records if record.at <= moment)


@settings(max_examples=30)
@given(scripts(), SHARES)
def test_with_the_right_durations_and_bound_it_is_right_from_the_first_moment_to_the_last(
    script: Script, share: float
) -> None:
    """The guard of all that follows: the same choices as the engine's."""
    records = run(script)
    so_far = until(records, share)
    found = forecast(so_far, script.expectations(bound=script.bound), so_far[-1].at)
    assert backs(found) == live_at(records)


@settings(max_examples=30)
@given(scripts(), SHARES, st.integers(0, 10_000), st.integers(1, 300))
def test_what_is_not_done_is_never_expected_before_now(
    script: Script, share: float, later: int, lasts: int
) -> None:
    records = until(run(script), share)
    now = records[-1].at + timedelta(seconds=later)
    same = dict.fromkeys(script.lasts, Expected(lasts=lasts * SECOND, source=Source.BUDGET))
    for process in forecast(records, Expectations(steps=same, bound=2), now).processes:
        assert process.back is not None
        assert process.live == (process.name in live_at(records))
        assert process.live or process.back >= now


@settings(max_examples=30)
@given(scripts(), SHARES, st.data())
def test_a_running_step_that_is_shorter_than_expected_never_makes_it_later(
    script: Script, share: float, data: st.DataObject
) -> None:
    """Where nothing waits for room: with a bound, less work can come in a worse order."""
    records = until(run(script), share)
    now = records[-1].at + data.draw(st.integers(0, 500)) * SECOND
    name = data.draw(st.sampled_from(sorted(script.lasts)))
    before = script.expectations(bound=None)
    quick = Expected(lasts=script.lasts[name] * data.draw(SHARES), source=Source.EARLIER)
    after = replace(before, steps={**before.steps, name: quick})
    then = backs(forecast(records, after, now))
    for process, back in backs(forecast(records, before, now)).items():
        assert back is not None
        found = then[process]
        assert found is not None
        assert found <= back


@settings(max_examples=20)
@given(scripts(), SHARES, st.integers(0, 500))
def test_time_that_passes_without_news_never_brings_it_nearer(
    script: Script, share: float, passed: int
) -> None:
    records, expected = until(run(script), share), script.expectations(bound=None)
    now = records[-1].at
    later = backs(forecast(records, expected, now + passed * SECOND))
    for process, back in backs(forecast(records, expected, now)).items():
        assert back is not None
        found = later[process]
        assert found is not None
        assert found >= back


@settings(max_examples=20)
@given(scripts())
def test_a_run_that_is_done_has_the_times_that_were_and_nothing_left(script: Script) -> None:
    records = run(script)
    found = forecast(records, Expectations(), records[-1].at + timedelta(days=1))
    assert backs(found) == live_at(records)
    assert all(process.live and not process.path for process in found.processes)
    assert dict(found.sources) == {}


def of(records: Records, after: timedelta, expected: Expectations | None = None) -> Forecast:
    """The forecast at a moment of a run of the reference shop, by budgets if by nothing else."""
    now = BEGAN + after
    so_far = tuple(record for record in records if record.at <= now)
    return forecast(so_far, expected or Expectations(), now)


def process(found: Forecast, name: str) -> ProcessForecast:
    return next(process for process in found.processes if process.name == name)


def usual(but: Mapping[str, float] = MappingProxyType({})) -> Expectations:
    """As long as the sketches are, ``but`` for some (in seconds)."""
    lasts = {s.id: s.seconds for s in SKETCHES} | dict(but)
    return Expectations(
        steps={
            name: Expected(lasts=timedelta(seconds=value), source=Source.EARLIER)
            for name, value in lasts.items()
        }
    )


def test_without_anything_else_budgets_count_and_a_person_takes_five_minutes() -> None:
    found = of(journals.undisturbed(), timedelta(0))
    assert found.sources[Source.EARLIER] == 0
    assert found.sources[Source.PERSON] == 1
    gates = [step for step in process(found, "sales").path if step.kind == "gate"]
    assert [(gate.id, gate.to_go) for gate in gates] == [("consent", PERSON)]


def test_a_process_that_will_be_late_says_by_how_much_and_what_would_help() -> None:
    """payment may be down for an hour, since LOST_AT; sales for two."""
    slow = usual({"orders-db": 3700, "check.orders": 60, "consent": 300})
    found = process(of(journals.undisturbed(), SECOND, slow), "payment")
    assert found.deadline == LOST_AT + timedelta(hours=1)
    assert found.late
    assert found.back is not None
    assert found.room == found.deadline - found.back < timedelta(0)
    assert slowest(found, count=1)[0].id == "orders-db"
    assert [(help_.step, help_.kind, help_.gain) for help_ in found.helps] == [
        ("consent", "gate", 300 * SECOND),
        # the other checks take 1.9 s, beside it
        ("check.orders", "check", timedelta(seconds=60 - 1.9)),
    ]
    assert not process(of(journals.undisturbed(), SECOND, slow), "sales").late


def test_what_is_in_time_needs_no_help() -> None:
    found = of(journals.undisturbed(), SECOND, usual())
    assert [(p.late, p.helps) for p in found.processes] == [(False, ())] * 5


def test_a_check_that_holds_up_nobody_is_no_help() -> None:
    """Five checks of the same length stand side by side: without one of them, four are left."""
    slow = usual({"orders-db": 3700, "consent": 300})
    found = process(of(journals.undisturbed(), SECOND, slow), "payment")
    assert [help_.step for help_ in found.helps] == ["consent"]


def test_a_gate_that_waits_for_its_answer_is_asked_now() -> None:
    records = play(Story(consent=None, stand=None))
    late = timedelta(hours=2)
    found = process(of(records, late, usual({"consent": 300})), "payment")
    [gate] = [help_ for help_ in found.helps if help_.kind == "gate"]
    assert (gate.asked, gate.gain) == (True, timedelta(0)), "an answer in two hours is not later"
    assert found.path[0].over > timedelta(hours=1), "who should have answered long ago"


def test_a_step_that_runs_for_too_long_pushes_the_end() -> None:
    stuck = play(Story(ends={"compute": None}, stand=None))
    at, later = (of(stuck, minutes * timedelta(minutes=1), usual()) for minutes in (10, 30))
    first, second = process(at, "sales"), process(later, "sales")
    assert first.back is not None
    assert second.back == first.back + timedelta(minutes=20)
    assert first.path[0].id == "compute"
    assert first.path[0].over == timedelta(minutes=10) - timedelta(seconds=5.1 + 11.4)


def test_nothing_is_expected_behind_a_step_that_failed_and_its_root_is_named() -> None:
    records = journals.with_a_failed_playbook()
    for found in of(records[:-1], records[-1].at - BEGAN, usual()).processes:
        assert (found.back, found.stopped_by, found.late) == (None, ("support",), False)


def test_a_no_stops_all_that_waits_for_it() -> None:
    records = play(Story(consent=False))
    found = of(records, records[-1].at - BEGAN, usual())
    assert {p.stopped_by for p in found.processes} == {("consent",)}


def test_a_failure_that_will_be_tried_again_stops_nothing_until_the_last_try() -> None:
    failed = Outcome(state=State.FAILED, transient=True)
    records = play(Story(ends={"compute": failed}, stand=None))
    after = records[-1].at - BEGAN
    for tries, stopped in ((1, ("compute",)), (2, ())):
        steps = usual().steps
        again = replace(steps["compute"], tries=tries)
        expected = Expectations(steps={**steps, "compute": again})
        found = process(of(records, after, expected), "sales")
        assert found.stopped_by == stopped
        assert (found.back is None) == bool(stopped)


def test_the_next_command_tries_anew_what_failed_and_what_nobody_saw_end() -> None:
    for outcome in (Outcome(state=State.FAILED), None):
        before = play(Story(ends={"compute": outcome}, stand="interrupted"))
        again = RunResumed(operator="bo@laptop", pid=2)
        records = (*before, Record(seq=len(before), at=BEGAN + timedelta(hours=1), body=again))
        found = process(of(records, timedelta(hours=1), usual()), "sales")
        assert found.back is not None
        assert found.path[0].id == "compute"
        assert not found.path[0].began


def test_of_a_run_that_nobody_works_on_it_says_when_if_it_is_carried_on_with_now() -> None:
    stuck = play(Story(ends={"compute": None}, stand=None))
    now = BEGAN + timedelta(hours=1)
    at_work, left = (forecast(stuck, usual(), now, at_work=yes) for yes in (True, False))
    first, second = process(at_work, "sales"), process(left, "sales")
    assert first.back is not None
    assert second.back == first.back + timedelta(seconds=11.4), "compute is done anew"


def test_a_live_proof_that_was_skipped_proves_nothing() -> None:
    records = journals.undisturbed()
    done = [r for r in records if "live." not in getattr(r.body, "step", "")][:-1]
    skip = StepSkipped(step="live.sales", reason="no time", operator="bo")
    so_far = (*done, Record(seq=len(done), at=records[-1].at, body=skip))
    found = process(forecast(so_far, usual(), records[-1].at), "sales")
    assert (found.live, found.back, found.stopped_by) == (False, None, ("live.sales",))


def test_a_gate_behind_a_skipped_step_waits_for_its_answer_since_the_others_are_done() -> None:
    records = play(Story(ends={"proof.sales": None}, consent=None, stand=None))
    skip = StepSkipped(step="proof.sales", reason="known", operator="bo")
    so_far = (*records, Record(seq=len(records), at=records[-1].at, body=skip))
    now = records[-1].at + timedelta(minutes=1)
    path = process(forecast(so_far, usual({"consent": 300}), now), "payment").path
    assert (path[0].id, path[0].began, path[0].to_go) == ("consent", True, 240 * SECOND)


def test_a_deployment_has_no_deadline() -> None:
    found = of(journals.a_deploy(), SECOND)
    assert {p.deadline for p in found.processes} == {None}
    assert not any(p.late for p in found.processes)


def test_a_start_that_nobody_saw_makes_the_deadline_one_at_the_latest() -> None:
    found = of(play(Story(incident=None)), SECOND)
    assert {p.observed for p in found.processes} == {False}
    assert process(found, "payment").deadline == BEGAN + timedelta(hours=1)


def test_room_for_few_is_never_sooner_than_room_for_all() -> None:
    wide = of(journals.undisturbed(), SECOND, usual())
    narrow = of(journals.undisturbed(), SECOND, replace(usual(), bound=1))
    for one, all_ in zip(narrow.processes, wide.processes, strict=True):
        assert one.back is not None
        assert all_.back is not None
        assert one.back > all_.back


def test_records_of_no_run_are_refused() -> None:
    with pytest.raises(JournalDamaged):
        forecast((), Expectations(), BEGAN)


def test_the_forecast_takes_each_step_for_as_urgent_as_the_engine_does() -> None:
    plan = plan_with_gate(plans.plan())
    graph = build_graph(plan, RunKind.REBUILD)
    assert any(step.budget is None for step in graph.steps.values()), "else nothing falls back"
    assert "wait" in {step.kind for step in graph.steps.values()}
    usual = expectations(graph, {name: [SECOND] for name in graph.steps})
    assert urgency_of(began(plan, graph), usual) == priorities(graph, plan)


def test_a_bound_that_is_not_the_runs_is_found_out() -> None:
    """The guard of the first test: that it can fail."""
    services = {name: plans.service(name) for name in ("one", "two", "three")}
    processes = {f"p-{name}": plans.process(f"p-{name}", name) for name in services}
    plan = plan_with_gate(plans.plan(stores={}, services=services, processes=processes))
    steps = build_graph(plan, RunKind.REBUILD).steps
    script = Script(
        plan=plan, lasts={**dict.fromkeys(steps, 10 * SECOND), "consent": GATE}, bound=1
    )
    records = run(script)
    wrong, right = (
        forecast(records[:2], script.expectations(bound=bound), records[0].at)
        for bound in (None, 1)
    )
    assert backs(right) == live_at(records) != backs(wrong)
