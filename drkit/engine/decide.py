"""The decision: from graph and states to what may start now. Pure.

Laws held here: a step starts only when all it needs is DONE, or was skipped by a person (3); within
the bound, least slack first (6); a step that did not end well stops what needs it and nothing else
(7). Gates take no place in the bound: a person thinking holds up no work.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from drkit.model.outcome import SATISFIED, State
from drkit.model.step import GateWork, Step
from drkit.planning.graph import Graph


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    start: tuple[Step, ...]
    """In order of urgency, never more than there is room for."""
    ask: tuple[Step, ...]
    """Gates whose needs are done and that have no answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """One pass over a graph: what is fixed while a command runs."""

    graph: Graph
    priority: Mapping[str, tuple[float, float, int]]
    max_parallel: int


def decide(
    pass_: Pass,
    states: Mapping[str, State],
    running: Sequence[str],
    paused: Collection[str] = (),
) -> Decision:
    """What to start and ask now.

    ``states`` has every step that ended in this run; in ``running`` are those in flight, in
    ``paused`` those whose next try is not due: they take no place in the bound. A step in none
    waits. Never returns a step that is in one.
    """
    graph = pass_.graph
    ready = [
        step
        for name, step in graph.steps.items()
        if name not in states
        and name not in running
        and name not in paused
        and all(states.get(need) in SATISFIED for need in step.needs)
    ]
    gates = tuple(step for step in ready if isinstance(step.work, GateWork))
    work = [step for step in ready if not isinstance(step.work, GateWork)]
    work.sort(key=lambda step: pass_.priority[step.id])
    room = max(0, pass_.max_parallel - len(running))
    return Decision(start=tuple(work[:room]), ask=gates)
