"""Which step goes first, and how long the whole takes: against brute force on small graphs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

from hypothesis import given

from drkit.model.plan import Plan
from drkit.model.step import RunKind
from drkit.planning.graph import Graph, build_graph
from drkit.planning.order import (
    NOMINAL,
    critical_path,
    expected,
    longest_before,
    longest_behind,
    path_without,
    priorities,
    without,
)
from tests.fakes import plans
from tests.unit.planning.shapes import Shape, plan_of, shapes


def ways_to(graph: Graph, name: str) -> Iterator[tuple[str, ...]]:
    """Every chain from a step that needs nothing to ``name``."""
    needs = graph.steps[name].needs
    if not needs:
        yield (name,)
    for need in needs:
        for way in ways_to(graph, need):
            yield (*way, name)


def built(shape: Shape) -> tuple[Graph, dict[str, timedelta]]:
    graph = build_graph(plan_of(shape.needs, shape.seconds), RunKind.REBUILD)
    times = expected(graph)
    assert {name: t.total_seconds() for name, t in times.items()} == shape.seconds
    return graph, times


def total(way: tuple[str, ...] | list[str], times: dict[str, timedelta]) -> timedelta:
    return sum((times[name] for name in way), timedelta(0))


@given(shapes(most=7))
def test_the_critical_path_is_the_longest_of_all_ways(shape: Shape) -> None:
    graph, times = built(shape)
    longest = max(total(way, times) for name in graph.steps for way in ways_to(graph, name))
    path = critical_path(graph, times)
    assert total(path, times) == longest
    assert graph.steps[path[0]].needs == ()
    for before, after in pairwise(path):
        assert before in graph.steps[after].needs


@given(shapes(most=7))
def test_no_step_can_end_before_the_longest_way_to_it(shape: Shape) -> None:
    graph, times = built(shape)
    before = longest_before(graph, times)
    for name in graph.steps:
        assert before[name] == max(total(way, times) for way in ways_to(graph, name))
        assert total(critical_path(graph, times, to=name), times) == before[name]


@given(shapes(most=7))
def test_what_is_behind_a_step_is_the_longest_way_from_it(shape: Shape) -> None:
    graph, times = built(shape)
    behind = longest_behind(graph, times)
    for name in graph.steps:
        ways = [way for last in graph.steps for way in ways_to(graph, last) if name in way]
        assert behind[name] == max(total(way[way.index(name) :], times) for way in ways)


def test_a_gate_takes_no_time_a_wait_its_own_and_a_step_without_a_budget_a_nominal_one() -> None:
    times = expected(build_graph(plans.plan(), RunKind.REBUILD))
    assert times["consent"] == timedelta(0)
    assert times["cutover.dns-settled"] == timedelta(seconds=10)
    assert times["network"] == NOMINAL


def order_of(graph: Graph, plan: Plan) -> list[str]:
    urgency = priorities(graph, plan)
    return sorted(graph.steps, key=lambda name: urgency[name])


def test_the_step_with_the_least_slack_goes_first() -> None:
    """payment may be down for one hour, sales for two: their proofs stand in that order."""
    plan = plans.plan()
    order = order_of(build_graph(plan, RunKind.REBUILD), plan)
    assert order.index("live.payment") < order.index("live.sales")
    assert order.index("network") < order.index("compute"), "more is behind it"


@given(shapes(most=7))
def test_a_step_never_goes_before_what_it_needs(shape: Shape) -> None:
    """Slack only grows along a way, so the order of urgency is never against the graph."""
    services = {name: plans.service(name, *needs) for name, needs in shape.needs.items()}
    hours = {name: timedelta(hours=seconds) for name, seconds in shape.seconds.items()}
    processes = {f"p-{n}": plans.process(f"p-{n}", n, rto=hours[n], day=1) for n in shape.needs}
    plan = plans.plan(stores={}, services=services, processes=processes, steps={})
    graph = build_graph(plan, RunKind.REBUILD)
    urgency = priorities(graph, plan)
    for name, step in graph.steps.items():
        assert all(urgency[need] < urgency[name] for need in step.needs)


def test_of_equal_slack_the_dearer_process_goes_first_and_then_the_order_of_the_plan() -> None:
    names = ("cheap", "dear", "dear-too")
    money = {"cheap": 1, "dear": 900, "dear-too": 900}
    plan = plans.plan(
        services={name: plans.service(name) for name in names},
        processes={name: plans.process(name, name, day=money[name]) for name in names},
        stores={},
        steps={},
    )
    order = order_of(build_graph(plan, RunKind.REBUILD), plan)
    assert [name for name in order if name in names] == ["dear", "dear-too", "cheap"]


def test_what_no_process_waits_for_goes_last() -> None:
    aside = plans.entry("aside", playbook="aside", hosts="all", budget=timedelta(hours=9))
    plan = plans.plan(steps={**plans.plan().steps, "aside": aside})
    assert order_of(build_graph(plan, RunKind.REBUILD), plan)[-1] == "aside"


def test_what_is_done_takes_no_time_and_is_on_no_critical_path() -> None:
    graph = build_graph(plans.plan(), RunKind.REBUILD)
    times, done = expected(graph), ("network", "compute")
    whole, short = longest_before(graph, times), longest_before(graph, without(times, done))
    spared = sum((times[step] for step in done), timedelta(0))
    assert short["orders-db"] == whole["orders-db"] - spared
    assert critical_path(graph, times)[:2] == ["network", "compute"]
    assert not set(path_without(graph, times, done)) & set(done)
    assert path_without(graph, times, done)
