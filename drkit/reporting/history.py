"""Runs over time: what each came to, and what it changed against the runs before it.

A pure function of the runs' reports, so of their journals. Decides which runs are "before" (earlier
ones of the same sort, see :mod:`drkit.reporting.past_run`). Refuses to judge a run by later ones:
its line stays the same as time goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

from drkit.errors import JournalDamaged
from drkit.model.record import Record
from drkit.reporting.failing import Flaky, NewlyFailing, Recovered, failing
from drkit.reporting.past_run import PastRun, past_run
from drkit.reporting.report import Report
from drkit.reporting.report import report as report_of
from drkit.reporting.slower import Slower, slower
from drkit.reporting.usual import WINDOW

Change = Slower | NewlyFailing | Flaky | Recovered


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A run beside those before it."""

    run: PastRun
    before: tuple[PastRun, ...]
    """Newest first."""
    changes: tuple[Change, ...]


def history(reports: Sequence[Report]) -> tuple[Compared, ...]:
    """``reports`` of runs, newest first; so is what comes back."""
    runs = [past_run(report) for report in reports]
    return tuple(_compared(run, runs[place + 1 :]) for place, run in enumerate(runs))


def beside(report: Report, others: Iterable[tuple[Record, ...]]) -> Compared:
    """``report`` beside those of ``others`` that count: the newest of its sort that began before
    it. ``others``: the records of runs, newest first; what is no run's is passed over."""
    run = past_run(report)
    found = (past_run(one) for one in _reports(others) if one.header.began < report.header.began)
    return _compared(run, list(islice((one for one in found if one.sort == run.sort), WINDOW)))


def _reports(runs: Iterable[tuple[Record, ...]]) -> Iterator[Report]:
    for records in runs:
        with suppress(JournalDamaged):
            yield report_of(records)


def _compared(run: PastRun, older: Sequence[PastRun]) -> Compared:
    before = tuple(one for one in older if one.sort == run.sort)
    return Compared(run=run, before=before, changes=(*slower(run, before), *failing(run, before)))
