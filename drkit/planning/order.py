"""Which step goes first when there is a choice, and how long the whole takes at least.

Law 6: the step with the least slack goes first. Slack of a step = the RTO of the most urgent
process that waits for it, less the longest way still behind it (its own time included); ties by
money per minute, then by the order of the plan. Steps that no process waits for go last.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Protocol

from drkit.model.plan import Plan
from drkit.model.quantities import Impact
from drkit.model.step import Step, WaitWork
from drkit.planning.graph import Graph

NOMINAL = timedelta(seconds=5)
"""Taken for a step without a budget: long enough to count, short enough to mislead nobody."""
NO_TIME = timedelta(0)


class Node(Protocol):
    """A step, or a journal's record of one."""

    @property
    def needs(self) -> tuple[str, ...]: ...


class Nodes(Protocol):
    """A graph, or a journal's record of one: steps in topological order, and who waits for each."""

    @property
    def steps(self) -> Mapping[str, Node]: ...

    @property
    def processes(self) -> Mapping[str, tuple[str, ...]]: ...


class Goal(Protocol):
    """What makes a process urgent."""

    @property
    def rto(self) -> timedelta: ...

    @property
    def impact(self) -> Impact: ...


def expected(graph: Graph) -> dict[str, timedelta]:
    """Step id → its budget; what a wait waits; nothing for a gate; else :data:`NOMINAL`."""
    return {name: _expected(step) for name, step in graph.steps.items()}


def _expected(step: Step) -> timedelta:
    if isinstance(step.work, WaitWork):
        return step.work.duration
    return by_budget(step.budget, kind=step.kind)


def by_budget(budget: timedelta | None, *, kind: str) -> timedelta:
    """What a step is taken to last that may have no budget: nobody can say it of a gate."""
    return budget or (NO_TIME if kind == "gate" else NOMINAL)


def longest_behind(graph: Nodes, times: Mapping[str, timedelta]) -> dict[str, timedelta]:
    """Step id → the longest way from its start to the end of the graph."""
    behind = dict(times)
    for name in reversed(list(graph.steps)):
        for need in graph.steps[name].needs:
            behind[need] = max(behind[need], times[need] + behind[name])
    return behind


def longest_before(graph: Graph, times: Mapping[str, timedelta]) -> dict[str, timedelta]:
    """Step id → the earliest moment it can end, counted from the start of the run."""
    before: dict[str, timedelta] = {}
    for name, step in graph.steps.items():
        start = max((before[need] for need in step.needs), default=NO_TIME)
        before[name] = start + times[name]
    return before


def critical_path(
    graph: Graph, times: Mapping[str, timedelta], *, to: str | None = None
) -> list[str]:
    """The chain of steps that decides when ``to`` (else the whole run) can end."""
    if not graph.steps:
        return []
    before = longest_before(graph, times)
    last = to or max(graph.steps, key=lambda name: before[name])
    path = [last]
    while needs := graph.steps[path[-1]].needs:
        path.append(max(needs, key=lambda name: before[name]))
    return path[::-1]


def without(times: Mapping[str, timedelta], done: Collection[str]) -> dict[str, timedelta]:
    """``times`` where the steps of ``done`` are found as they should be: they take none."""
    return {name: NO_TIME if name in done else lasts for name, lasts in times.items()}


def path_without(graph: Graph, times: Mapping[str, timedelta], done: Collection[str]) -> list[str]:
    """The critical path of the same, with no step that is done."""
    return [step for step in critical_path(graph, without(times, done)) if step not in done]


def priorities(graph: Graph, plan: Plan) -> dict[str, tuple[float, float, int]]:
    """Step id → sort key: the smallest goes first."""
    return urgency(graph, plan.processes, expected(graph))


def urgency(
    graph: Nodes, goals: Mapping[str, Goal], times: Mapping[str, timedelta]
) -> dict[str, tuple[float, float, int]]:
    """:func:`priorities` of whatever has steps, by the times given."""
    behind = longest_behind(graph, times)
    keys: dict[str, tuple[float, float, int]] = {}
    for index, name in enumerate(graph.steps):
        waiting = [goals[process] for process in graph.processes[name]]
        rto = min((process.rto.total_seconds() for process in waiting), default=float("inf"))
        money = sum(process.impact.per_day.cents for process in waiting)
        keys[name] = (rto - behind[name].total_seconds(), -money, index)
    return keys
