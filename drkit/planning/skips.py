"""Steps that a person takes as done, or wants once more: which, and which nobody may.

Gates are answered, never skipped; and the parts of a cutover are one act (law 12), so that none of
them can be left out or done twice on somebody's word.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from drkit.errors import Problem
from drkit.model.plan import Plan
from drkit.model.step import GateWork, QuiesceWork
from drkit.model.wish import Wish
from drkit.planning.graph import Graph


def skipped_steps(wish: Wish, graph: Graph, satisfied: Iterable[str]) -> Mapping[str, str]:
    """Step → reason, for all that ``wish`` takes as done and that is not (``satisfied``)."""
    found = dict(wish.skip)
    before = graph.ancestors(wish.first) if wish.first and wish.first in graph.steps else ()
    for name in graph.steps:
        if name in before:
            found.setdefault(name, wish.reason)
    done = set(satisfied)
    return {name: reason for name, reason in found.items() if name not in done}


def skip_problems(wish: Wish, graph: Graph, skipped: Mapping[str, str]) -> Iterator[Problem]:
    """What nobody may skip or do again, and names that are none."""
    yield from _unknown("--skip", wish.skip, graph)
    yield from _unknown("--retry", wish.again, graph)
    if wish.first is not None:
        yield from _unknown("--from", [wish.first], graph)
    for name, reason in skipped.items():
        place = "--skip" if name in wish.skip else "--from"
        yield from _untouchable(wish.plan, graph, name, place)
        if not reason.strip():
            yield Problem(
                place=f"{place} {name}",
                message="a skipped step needs a reason: it is recorded, and stands in the report",
                remedy="add --reason WHY",
            )
    for name in wish.again:
        yield from _untouchable(wish.plan, graph, name, "--retry")


def _unknown(place: str, names: Iterable[str], graph: Graph) -> Iterator[Problem]:
    for name in names:
        if name not in graph.steps:
            yield Problem(
                place=f"{place} {name}",
                message=f"`{name}` is no step of this run",
                remedy="`drkit plan` lists the steps",
            )


def _untouchable(plan: Plan, graph: Graph, name: str, place: str) -> Iterator[Problem]:
    if name not in graph.steps:
        return
    if isinstance(graph.steps[name].work, GateWork):
        yield Problem(
            place=f"{place} {name}",
            message=f"`{name}` is a gate, which a person answers",
            remedy=f"--consent {name}=PERSON",
        )
    if isinstance(graph.steps[name].work, QuiesceWork):
        yield Problem(
            place=f"{place} {name}",
            message=f"`{name}` is what makes the move a planned one",
            remedy="--mode unplanned goes on without the old site; what it still holds is lost",
        )
    cutovers = (entry.name for entry in plan.steps.values() if entry.cutover)
    if any(name.startswith(f"{cutover}.") for cutover in cutovers):
        yield Problem(
            place=f"{place} {name}",
            message=f"`{name}` is a part of the cutover, which is one act in one order",
            remedy="let it run; what of it is done already is looked at, and not done twice",
        )
