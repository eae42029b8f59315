"""How long each step of a run is expected to take, and where that comes from.

Decides between the sources: what its tries took in earlier runs (the median), else its budget, else
:data:`drkit.planning.order.NOMINAL`. Refuses to know a person: a gate waits :data:`PERSON`, which
every output names as an assumption.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from drkit.model.record import Record, StepEnded, StepPlanned
from drkit.model.step import GateWork, Step, WaitWork
from drkit.planning.graph import Graph
from drkit.planning.order import by_budget
from drkit.planning.order import expected as budgeted

PERSON = timedelta(minutes=5)
"""How long a gate is taken to wait for its answer."""

EARLIER = 5
"""So many of the newest earlier runs count: older ones ran on other tools and data."""

History = Mapping[str, Sequence[timedelta]]
"""Step → how long its tries took in earlier runs."""


class Source(StrEnum):
    EARLIER = "earlier runs"
    BUDGET = "budget"
    NOMINAL = "nominal"
    """It has neither."""
    WAIT = "wait"
    """It waits for a time that the plan gives."""
    PERSON = "person"
    GIVEN = "given"
    """A gate whose answer was given beforehand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    lasts: timedelta
    source: Source
    tries: int = 1
    """How many one command gives the step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectations:
    """What is expected of a run before it begins."""

    steps: Mapping[str, Expected] = field(default_factory=dict)
    bound: int | None = None
    """How many steps run side by side; None: not known, so all that can."""

    def of(self, step: StepPlanned) -> Expected:
        """What is expected of ``step``; by the journal alone where nothing else is known of it."""
        if found := self.steps.get(step.id):
            return found
        if step.kind == "gate":
            return Expected(lasts=PERSON, source=Source.PERSON)
        source = Source.BUDGET if step.budget else Source.NOMINAL
        return Expected(lasts=by_budget(step.budget, kind=step.kind), source=source)


def expectations(
    graph: Graph, history: History, *, bound: int | None = None, given: Collection[str] = ()
) -> Expectations:
    """What is expected of a run of ``graph``. ``given``: gates that are answered beforehand."""
    times = budgeted(graph)
    return Expectations(
        steps={
            name: _expected(step, times[name], history.get(name, ()), given=name in given)
            for name, step in graph.steps.items()
        },
        bound=bound,
    )


def history_of(runs: Iterable[Sequence[Record]]) -> dict[str, list[timedelta]]:
    """The durations of all tries that ended well and did something, by step."""
    found: dict[str, list[timedelta]] = {}
    for records in runs:
        for record in records:
            match record.body:
                case StepEnded(step=step, outcome=outcome, elapsed=elapsed) if outcome.done:
                    found.setdefault(step, []).append(elapsed)
                case _:
                    pass
    return found


def median(values: Iterable[timedelta]) -> timedelta | None:
    """The middle one, of two the longer; None of none."""
    found = sorted(values)
    return found[len(found) // 2] if found else None


def _expected(
    step: Step, planned: timedelta, seen: Sequence[timedelta], *, given: bool
) -> Expected:
    match step.work:
        case GateWork():
            source = Source.GIVEN if given else Source.PERSON
            return Expected(lasts=timedelta(0) if given else PERSON, source=source)
        case WaitWork():
            return Expected(lasts=planned, source=Source.WAIT, tries=step.tries)
        case _:
            usual = median(seen)
            if usual is not None:
                return Expected(lasts=usual, source=Source.EARLIER, tries=step.tries)
            source = Source.BUDGET if step.budget else Source.NOMINAL
            return Expected(lasts=planned, source=source, tries=step.tries)
