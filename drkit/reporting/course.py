"""The recovery times of a run's processes beside those of the runs before it, as heights.

Decides proportions only, one scale for each process; what they look like is a rendering's matter.
The objective is on the scale only where a run came near it: an hour beside minutes would press them
into nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from drkit.reporting.expected import median
from drkit.reporting.history import Compared
from drkit.reporting.recoveries import Recovery
from drkit.reporting.slower import comparable
from drkit.reporting.usual import LEAST, WINDOW
from drkit.reporting.verdict import Verdict

_NEAR = 1.5
"""So many times the longest recovery time may the objective be, to be drawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A process in one run. ``height`` is a share of the scale, 0 of one that did not come back."""

    began: datetime
    took: timedelta | None
    at_least: bool
    height: float
    verdict: Verdict | None
    """Of its RTO; None in a deployment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    process: str
    columns: tuple[Column, ...]
    """Oldest first; the last is the run's own."""
    usual: timedelta | None
    """The median of the runs before that it can be compared with; None of too few."""
    limit: float | None
    """Height of the RTO, where it is on the scale."""


def courses(newest: Compared) -> tuple[Course, ...]:
    """One for each process, in the plan's order; none without a run before."""
    return tuple(_course(one, newest) for one in newest.run.recoveries.values() if newest.before)


def _course(one: Recovery, newest: Compared) -> Course:
    runs = [run for run in newest.before if one.name in run.recoveries][:WINDOW]
    rows = [(run, run.recoveries[one.name]) for run in (*reversed(runs), newest.run)]
    longest = max((row.took for _, row in rows if row.took), default=timedelta(0))
    goal = one.process.objectives.rto if one.process.rto else None
    before = comparable(one, newest.before)
    shown = goal is not None and timedelta(0) < goal <= _NEAR * longest
    scale = max(longest, goal) if goal is not None and shown else longest
    return Course(
        process=one.name,
        columns=tuple(
            Column(
                began=run.report.header.began,
                took=row.took,
                at_least=row.at_least,
                height=row.took / scale if row.took else 0.0,
                verdict=row.process.rto.verdict if row.process.rto else None,
            )
            for run, row in rows
        ),
        usual=median(before) if len(before) >= LEAST else None,
        limit=goal / scale if goal is not None and shown else None,
    )
