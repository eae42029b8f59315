"""The decision: from graph and states to what may start now. Pure.

Laws held here: a step starts only when all it needs is DONE, or was skipped by a person (3); within
the bound, least slack first (6); a step that did not end well stops what needs it and nothing else
(7). Gates take no place in the bound: a person thinking holds up no work.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from drkit.model.outcome import SATISFIED, State
from drkit.model.step import GateWork, Step
from drkit.planning.graph import Graph


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    start: tuple[Step, ...]
    """In order of urgency, never more than there is room for."""
    ask: tuple[Step, ...]
    """Gates whose needs are done and that have no answer, in order of urgency, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """One pass over a graph: what is fixed while a command runs."""

    graph: Graph
    priority: Mapping[str, tuple[float, float, int]]
    max_parallel: int

    @classmethod
    def unhurried(cls, graph: Graph, *, max_parallel: int) -> Pass:
        """Of steps that no process waits for."""
        return cls(
            graph=graph,
            priority=dict.fromkeys(graph.steps, (0.0, 0.0, 0)),
            max_parallel=max_parallel,
        )


class Frontier:
    """The steps that have all they need and are not done, in the order in which they are decided
    on: kept from end to end, so that a decision costs what can start, and not the whole graph
    (10,000 steps: 15 s of a core without, measured).
    """

    def __init__(self, pass_: Pass, states: Mapping[str, State]) -> None:
        """``states`` are those from which a run is carried on."""
        self._pass = pass_
        steps = pass_.graph.steps.values()
        self._missing = {step.id: len(set(step.needs)) for step in steps}
        self._waiting: dict[str, list[Step]] = {}
        for step in steps:
            for need in set(step.needs):
                self._waiting.setdefault(need, []).append(step)
        self._ranks = sorted(_rank(pass_, step) for step in steps if not step.needs)
        for name, state in states.items():
            self.ended(name, state)

    @property
    def steps(self) -> Iterator[Step]:
        return (self._pass.graph.steps[name] for *_, name in self._ranks)

    def ended(self, name: str, state: State) -> None:
        """To be told of every step that ends; what is done once stays done."""
        if state not in SATISFIED or name not in self._missing:
            return
        rank = _rank(self._pass, self._pass.graph.steps[name])
        at = bisect_left(self._ranks, rank)
        if self._ranks[at : at + 1] == [rank]:
            del self._ranks[at]
        for step in self._waiting.pop(name, ()):
            self._missing[step.id] -= 1
            if not self._missing[step.id]:
                insort(self._ranks, _rank(self._pass, step))


def _rank(pass_: Pass, step: Step) -> tuple[bool, tuple[float, float, int], str]:
    """Gates first: all of them are asked. Then by urgency."""
    return not isinstance(step.work, GateWork), pass_.priority[step.id], step.id


def decide(
    pass_: Pass,
    states: Mapping[str, State],
    running: Sequence[str],
    paused: Collection[str] = (),
    *,
    frontier: Frontier | None = None,
) -> Decision:
    """What to start and ask now.

    ``states`` has every step that ended in this run; in ``running`` are those in flight, in
    ``paused`` those whose next try is not due: they take no place in the bound. A step in none
    waits. Never returns a step that is in one. ``frontier`` spares looking at all of the graph.
    """
    room = pass_.max_parallel - len(running)
    start: list[Step] = []
    ask: list[Step] = []
    for step in (frontier or Frontier(pass_, states)).steps:
        gate = isinstance(step.work, GateWork)
        if not gate and len(start) >= room:
            break
        if (
            step.id not in states
            and step.id not in running
            and step.id not in paused
            and all(states.get(need) in SATISFIED for need in step.needs)
        ):
            (ask if gate else start).append(step)
    return Decision(start=tuple(start), ask=tuple(ask))
