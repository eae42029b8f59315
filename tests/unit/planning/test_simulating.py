"""Simulated rebuilds: as long as the longest way, in a run's order, and the same every time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drkit.adapters.simulated import How
from drkit.model.outcome import Outcome, State
from drkit.model.plan import Defaults, Plan
from drkit.model.record import Record, StepEnded
from drkit.model.step import RunKind
from drkit.planning.graph import build_graph
from drkit.planning.order import expected, longest_before
from drkit.reporting.expected import history_of
from drkit.simulating import Scenario, Simulated, simulate
from tests.fakes import plans
from tests.fakes.clock import START

SECOND = timedelta(seconds=1)


def simulated(plan: Plan, **more: object) -> Simulated:
    given = {"times": 5, "faults": {}, "person": timedelta(0)} | more
    steps = build_graph(plan, RunKind.REBUILD).steps
    history = given.pop("history", None) or {name: [SECOND] for name in steps}
    return simulate(plan, history, Scenario(**given))  # type: ignore[arg-type]


def test_with_room_for_all_it_takes_as_long_as_the_longest_way() -> None:
    plan = plans.plan()
    graph = build_graph(plan, RunKind.REBUILD)
    times = {name: _lasts(name, plan) for name in graph.steps}
    ends = longest_before(graph, times)
    done = simulated(plan, max_parallel=64)
    for name, process in done.processes.items():
        assert process.p50 == process.p95 == ends[f"live.{name}"]
        assert process.within == 1


def _lasts(name: str, plan: Plan) -> timedelta:
    """A second; what a wait waits; nothing for a gate."""
    graph = build_graph(plan, RunKind.REBUILD)
    kind = graph.steps[name].kind
    if kind == "wait":
        return expected(graph)[name]
    return timedelta(0) if kind == "gate" else SECOND


def test_what_is_noticed_late_is_down_for_longer() -> None:
    early, late = (simulated(plans.plan(), noticed=n * SECOND) for n in (0, 3600))
    for name, process in early.processes.items():
        assert process.p50
        assert late.processes[name].p50 == process.p50 + 3600 * SECOND


@settings(max_examples=20)
@given(st.integers(1, 64), st.integers(0, 2**32))
def test_no_step_ends_before_what_it_needs(max_parallel: int, seed: int) -> None:
    plan = plans.plan()
    done = simulated(
        plan, times=1, max_parallel=max_parallel, seed=seed, history={"none": [SECOND]}
    )
    graph = build_graph(plan, RunKind.REBUILD)
    for name, step in graph.steps.items():
        for need in step.needs:
            first, second = done.steps[need].median, done.steps[name].median
            assert first is not None
            assert second is not None
            assert first <= second


def test_the_same_seed_is_the_same_result_and_another_is_not() -> None:
    plan = plans.plan()
    results = [
        simulated(plan, seed=seed, history={"none": [SECOND]}).processes for seed in (7, 7, 8)
    ]
    assert results[0] == results[1] != results[2]


@pytest.mark.parametrize(
    ("how", "tries", "state"),
    [
        (How.FAILED, 3, State.FAILED),
        (How.ONCE, 1, State.FAILED),
        (How.ONCE, 2, State.DONE),
        (How.UNKNOWN, 1, State.UNKNOWN),
        (How.UNKNOWN, 2, State.DONE),
        (How.TIMEOUT, 2, State.UNKNOWN),
        (How.SLOW, 1, State.DONE),
    ],
)
def test_what_goes_wrong_is_felt_as_far_as_tries_do_not_mend_it(
    how: How, tries: int, state: State
) -> None:
    plan = replace(plans.plan(), defaults=Defaults(tries=tries))
    graph = build_graph(plan, RunKind.REBUILD)
    first = next(iter(graph.steps))
    done = simulated(plan, faults={first: how})
    assert dict(done.steps[first].states) == {state: 5}
    well = simulated(plan)
    for name, process in done.processes.items():
        behind = first in graph.ancestors(f"live.{name}")
        assert (process.live == 0) is (behind and state is not State.DONE)
        if behind and process.p50:
            assert process.p50 > (well.processes[name].p50 or timedelta.max)


def test_a_fault_of_no_step_is_refused() -> None:
    with pytest.raises(KeyError, match="nosuch"):
        simulated(plans.plan(), faults={"nosuch": How.FAILED})


def test_durations_are_those_of_tries_that_ended_well() -> None:
    ends = [
        StepEnded(step="db", number=n, outcome=Outcome(state=state), elapsed=n * SECOND)
        for n, state in enumerate([State.FAILED, State.DONE, State.UNKNOWN, State.DONE])
    ]
    records = [Record(seq=n, at=START, body=body) for n, body in enumerate(ends)]
    assert history_of([records, records[:2]]) == {"db": [SECOND, 3 * SECOND, SECOND]}


def test_the_critical_path_is_a_way_through_the_graph() -> None:
    plan = plans.plan()
    graph, path = build_graph(plan, RunKind.REBUILD), simulated(plan).critical_path
    for before, after in pairwise(path):
        assert before in graph.steps[after].needs


def test_a_person_who_takes_longer_than_the_gates_limit_opens_nothing_unless_it_escalates() -> None:
    def rebuilt(**gate: Any) -> Simulated:
        steps = dict(plans.plan().steps)
        steps["consent"] = replace(steps["consent"], limit=timedelta(minutes=5), **gate)
        return simulated(plans.plan(steps=steps), person=timedelta(hours=10))

    silent = rebuilt()
    assert silent.steps["consent"].states == {State.REFUSED: 5}
    assert all(process.live == 0 for process in silent.processes.values())
    assert all(process.live == 5 for process in rebuilt(escalate="dba").processes.values())


def test_what_a_standby_has_done_takes_no_time() -> None:
    plan, done = plans.plan(), frozenset({"network", "compute"})
    cold, warm = simulated(plan, max_parallel=64), simulated(plan, max_parallel=64, done=done)
    for name, process in cold.processes.items():
        assert process.p50
        assert warm.processes[name].p50 == process.p50 - 2 * SECOND
    assert {warm.steps[step].source for step in done} == {"stands"}
    assert not done & set(warm.critical_path)
    assert done <= set(cold.critical_path)
