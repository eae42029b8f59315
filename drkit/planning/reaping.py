"""Which generation may be removed, and in which order its stacks go.

Refuses what serves, and what a run may still open: a consent was given for it, or the run is to be
carried on with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter

from drkit.model.plan import Plan
from drkit.model.record import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Builder:
    """A run that has built a generation and is not over, as far as its journal can be read."""

    run: str
    readable: bool = True
    stale: bool = False
    """It was left alone for so long that no command carries on with it."""
    consented: bool = False
    """Somebody said yes at one of its gates."""


def refusal(target: Target, serving: Target | None, builder: Builder | None) -> str:
    """Why ``target`` may not be removed; empty: it may."""
    if serving == target:
        return f"{target.name} serves: the epoch names it"
    if builder is None:
        return ""
    if not builder.readable:
        return f"the journal of {builder.run} is damaged: whether it may still open it is not known"
    if builder.consented:
        return f"{builder.run} has built it, is not over, and somebody said yes at a gate of it"
    return "" if builder.stale else f"{builder.run} has built it and is not over"


def refusal_of_opened(target: Target, opener: str) -> str:
    """Why ``target``, which customers were on, may not be removed: ``opener`` is the run that the
    epoch names, while it is not over; empty: it is.
    """
    if not opener:
        return ""
    return f"{opener}, which sent the customers of {target.name} elsewhere, is not over"


def order_of_removal(plan: Plan) -> tuple[str, ...]:
    """The stacks of ``plan``, each before those that it needs."""
    needs: Mapping[str, list[str]] = {
        stack.name: [need for need in stack.needs if need in plan.stacks]
        for stack in plan.stacks.values()
    }
    return tuple(reversed(tuple(TopologicalSorter(needs).static_order())))
