"""What the probe saw, as the start of an incident: decides each process's start, and which of
them nobody observed.

A start is observed where an answer came before the first failure. Where none did, the process was
down already when it was first asked; and one that was never seen to fail has no start of its own.
Of these the clock says "at least". Refuses to date one process by the failures of another: a page
that has been broken for weeks says nothing about the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from drkit.model.plan import Process
from drkit.model.record import IncidentBegan

TOGETHER = timedelta(hours=1)
"""Rows that began this close to the newest one are of the same incident; older ones are old
trouble, which the processes they belong to keep as their own start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """The current unbroken row of failures of one process."""

    start: datetime
    """Its first failure."""
    observed: bool
    """Whether an answer came just before. False: it began earlier, by an unknown time."""


def incident_seen(
    rows: Mapping[str, Failing], processes: Mapping[str, Process], *, now: datetime
) -> IncidentBegan:
    """The incident of a run that begins ``now``, by the ``rows`` of the processes that fail."""
    rows = {name: row for name, row in rows.items() if name in processes}
    if not rows:
        return IncidentBegan(start=now, source="run")
    starts = {name: _start(name, rows, processes, now=now) for name in processes}
    newest = max(row.start for row in rows.values())
    return IncidentBegan(
        start=min(row.start for row in rows.values() if newest - row.start <= TOGETHER),
        source="probe",
        per_process=starts,
        unobserved=tuple(n for n in processes if n not in rows or not rows[n].observed),
    )


def _start(
    name: str, rows: Mapping[str, Failing], processes: Mapping[str, Process], *, now: datetime
) -> datetime:
    if name in rows:
        return rows[name].start
    probed = {other for other, process in processes.items() if process.probe is not None}
    # without a page of its own it is taken to be down once all that is watched is; with one that
    # does not fail, or while another page still answers, nothing says that it is down before now
    if name not in probed and probed <= rows.keys():
        return max(row.start for row in rows.values())
    return now
