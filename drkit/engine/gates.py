"""How long each open gate has waited: durable by the journal, steady while a command runs.

Rule: between two commands the wall clock of the records counts, within a command the steady clock
alone. So a clock that is set meanwhile neither closes a gate nor keeps it open; one that was set
back between two commands takes nothing from what was waited already.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from drkit.model.record import GateOpened, GateOverdue, PlanChanged, Record
from drkit.model.step import GateWork, Step
from drkit.ports import Clock


def overdue(step: Step, waited: timedelta) -> GateOverdue | None:
    """What is to be recorded of a gate that nobody has answered, if its limit is over."""
    gate = step.work
    if not isinstance(gate, GateWork) or not gate.is_over(waited):
        return None
    return GateOverdue(step=step.id, asks=gate.escalate)


class OpenGates:
    """The gates of one run that were opened, by this command or before it."""

    def __init__(self, records: Iterable[Record], clock: Clock) -> None:
        self._clock = clock
        self._began = clock.steady()
        self._before: dict[str, timedelta] = {}
        """Gate → how long it had waited when this command began."""
        self._overdue: set[str] = set()
        known = tuple(records)
        now = max([clock.now(), *(record.at for record in known)])
        for record in known:
            match record.body:
                case GateOpened(step=step):
                    self._before[step] = now - record.at
                case GateOverdue(step=step):
                    self._overdue.add(step)
                case PlanChanged():  # whoever is still to be asked is asked anew, by the new plan
                    self._before.clear()
                    self._overdue.clear()
                case _:
                    pass

    def open(self, step: Step) -> GateOpened | None:
        """What is to be recorded of a gate before it is asked; None: it is open already."""
        if not isinstance(step.work, GateWork) or step.id in self._before:
            return None
        self._before[step.id] = self._began - self._clock.steady()
        return GateOpened(step=step.id, gate=step.work)

    def is_news(self, said: GateOverdue) -> bool:
        """Whether this was not recorded yet; asked once."""
        news = said.step not in self._overdue
        self._overdue.add(said.step)
        return news

    def waited(self, step: Step) -> timedelta:
        """How long an open gate has waited. One that was found overdue never is less."""
        waited = self._before[step.id] + self._clock.steady() - self._began
        limit = step.work.limit if isinstance(step.work, GateWork) else None
        return max(waited, limit) if limit and step.id in self._overdue else waited
