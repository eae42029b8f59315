"""How long each process was down: decides where a clock starts and stops.

A clock starts with the incident and stops when the process's ``live`` proof has passed. It
refuses to call a length exact that is not: a clock whose start was not observed, or that has not
stopped, says "at least".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from drkit.engine.progress import run_of
from drkit.model.place_record import CopyRemoved
from drkit.model.record import Body, IncidentBegan, Record
from drkit.model.step import RunKind
from drkit.reporting.moving import move_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """When customers began to be without the shop. The last record of it counts: it may be
    corrected."""

    start: datetime
    source: str
    """``probe``, ``since``, ``planned`` (when the run closed the old site), ``validation`` (nobody
    is without the shop: the clock is that of the rehearsal), or ``run``: none of them is known, and
    the run's own start stands in."""
    per_process: Mapping[str, datetime]
    unobserved: frozenset[str] = frozenset()

    @property
    def observed(self) -> bool:
        """Whether anybody saw ``start``. False: the true start is earlier by an unknown time."""
        began = [process for process, start in self.per_process.items() if start == self.start]
        return self.source != "run" and not (began and self.unobserved.issuperset(began))

    def start_for(self, process: str) -> datetime:
        return self.per_process.get(process, self.start)

    def observed_for(self, process: str) -> bool:
        """Whether anybody saw the start for ``process``."""
        return self.source != "run" and process not in self.unobserved


@dataclass(frozen=True, slots=True, kw_only=True)
class Downtime:
    """A clock of one process. ``end`` is None while the process is down; ``as_of`` is the last
    moment that the journal knows of."""

    start: datetime
    end: datetime | None
    as_of: datetime
    observed: bool = True

    @property
    def length(self) -> timedelta:
        """Never below zero, also where a corrected start lies after the end."""
        return max((self.end or self.as_of) - self.start, timedelta())

    @property
    def open(self) -> bool:
        return self.end is None

    @property
    def at_least(self) -> bool:
        return self.open or not self.observed


def incident_of(
    records: tuple[Record, ...], *, began: datetime, closing: datetime | None = None
) -> Incident:
    """The incident that ``records`` name last. If they name none: of a planned move the closing of
    the old site, until which customers are served (``closing``: when that is expected); else the
    run's own start (``began``)."""
    run = run_of(records)
    if run is not None and run.kind is RunKind.VALIDATE:
        # what an earlier one left is taken away first, which no rebuild would wait for
        left = [r.at for r in records if _removes_another(r.body, run.target.name)]
        return Incident(start=max([began, *left]), source="validation", per_process={})
    named = [record.body for record in records if isinstance(record.body, IncidentBegan)]
    move = move_of(records)
    if not named and move is not None:
        start = move.closed or closing or records[-1].at
        return Incident(start=start, source="planned", per_process={})
    if not named:
        return Incident(start=began, source="run", per_process={})
    last = named[-1]
    return Incident(
        start=last.start,
        source=last.source,
        per_process=dict(last.per_process),
        unobserved=frozenset(last.unobserved),
    )


def _removes_another(body: Body, target: str) -> bool:
    return isinstance(body, CopyRemoved) and body.generation != target
