"""Plans of any shape, for hypothesis: acts that wait for each other, in any order in the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from drkit.model.plan import Plan
from tests.fakes import plans

Needs = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Shape:
    """Name → what it waits for, in the order of the file; and how long each takes."""

    needs: Needs
    seconds: Mapping[str, int]


@st.composite
def shapes(draw: st.DrawFn, *, most: int = 9) -> Shape:
    """A graph without a cycle, its steps in any order."""
    names = [f"s{number}" for number in range(draw(st.integers(1, most)))]
    needs = {
        name: tuple(draw(st.lists(st.sampled_from(names[:index]), unique=True, max_size=4)))
        if index
        else ()
        for index, name in enumerate(names)
    }
    order = draw(st.permutations(names))
    seconds = {name: draw(st.integers(1, 60)) for name in names}
    return Shape({name: needs[name] for name in order}, seconds)


@st.composite
def cycles(draw: st.DrawFn) -> tuple[Needs, tuple[str, ...]]:
    """A graph with one cycle through the named steps, in order: each waits for the next."""
    shape = draw(shapes(most=6))
    around = tuple(f"c{number}" for number in range(draw(st.integers(2, 5))))
    needs = dict(shape.needs)
    for index, name in enumerate(around):
        more = draw(st.lists(st.sampled_from(sorted(shape.needs)), unique=True, max_size=2))
        needs[name] = (*more, around[(index + 1) % len(around)])
    stranded = draw(st.booleans())
    if stranded:
        needs["behind"] = (around[0],)
    order = draw(st.permutations(sorted(needs)))
    return {name: needs[name] for name in order}, around


def plan_of(needs: Needs, seconds: Mapping[str, int] | None = None, **parts: Any) -> Plan:
    """A plan that is nothing but acts."""
    budgets = {name: timedelta(seconds=(seconds or {}).get(name, 1)) for name in needs}
    entries = (
        plans.entry(name, playbook="x", hosts="all", after=after, budget=budgets[name])
        for name, after in needs.items()
    )
    sections = ("stacks", "stores", "services", "processes", "providers")
    empty: dict[str, Any] = {section: {} for section in sections}
    return plans.plan(**(empty | {"steps": plans.steps(*entries)} | parts))
