"""Where the time went: the outage in its parts, and each step's place on the run's line of time.

Decides proportions only (shares of a span, 0 to 1); what they look like is a rendering's matter.
The line of time leaves pauses out: a night between two tries would press both into nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from drkit.model.outcome import State
from drkit.reporting.report import Pause, Report
from drkit.reporting.steps import StepReport

_TICKS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
_MOST_TICKS = 8

_AT_ONCE = timedelta(seconds=1)
"""A gate that was answered sooner had its answer beforehand: nobody was waited for."""


class PhaseKind(StrEnum):
    BEFORE = "before the run"
    WORK = "work"
    PERSON = "waiting for a person"
    PAUSE = "pause"
    """drkit did not work on the run, and nobody was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A part of the outage. Phases follow each other without a gap, each of another kind."""

    kind: PhaseKind
    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        return self.end - self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A try of a step, or a gate's wait: ``left`` and ``width`` are shares of the line."""

    left: float
    width: float
    state: State


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    step: StepReport
    bars: tuple[Bar, ...]
    critical: bool

    @property
    def widest(self) -> Bar:
        return max(self.bars, key=lambda bar: bar.width)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A place on the line: ``length`` since its start, or of the pause that is left out there."""

    at: float
    length: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A run's line of time."""

    rows: tuple[Row, ...]
    """One for each step that began, in the order they began."""
    ticks: tuple[Mark, ...]
    """At most eight round moments of the time at work, the start left out."""
    pauses: tuple[Mark, ...]


def phases(report: Report) -> tuple[Phase, ...]:
    """From the incident (the start of a deployment) to the last live proof, or as far as is
    known. Without a process the whole run counts."""
    header = report.header
    start = header.incident.start if header.incident else header.began
    end = max(_end(report), start)
    gates = [
        Pause(start=step.began, end=step.ended or header.as_of)
        for step in report.steps
        if step.kind == "gate" and step.began is not None
    ]
    gates = [gate for gate in gates if gate.end - gate.start >= _AT_ONCE]
    cuts = {start, end, header.began}
    cuts |= {cut for span in (*gates, *header.pauses) for cut in (span.start, span.end)}
    found: list[Phase] = []
    for begin, until in pairwise(sorted(cut for cut in cuts if start <= cut <= end)):
        kind = PhaseKind.WORK
        if begin < header.began:
            kind = PhaseKind.BEFORE
        elif _within(begin, gates):
            kind = PhaseKind.PERSON
        elif _within(begin, header.pauses):
            kind = PhaseKind.PAUSE
        if found and found[-1].kind is kind:
            found[-1] = replace(found[-1], end=until)
        else:
            found.append(Phase(kind=kind, start=begin, end=until))
    return tuple(found)


def line_of(report: Report) -> Line:
    """The steps, round moments and pauses of ``report`` as places on one line."""
    line = _Axis(report)
    critical = set(report.critical_path)
    return Line(
        rows=tuple(
            Row(step=step, bars=_bars(step, line), critical=step.id in critical)
            for step in report.steps
            if step.began is not None
        ),
        ticks=_ticks(line.span),
        pauses=tuple(
            Mark(at=line.place(pause.start), length=pause.end - pause.start)
            for pause in report.header.pauses
        ),
    )


def _end(report: Report) -> datetime:
    times = [process.time_to_live for process in report.processes]
    known = [time for time in times if time is not None]
    all_live = known and len(known) == len(times)
    return report.header.began + max(known) if all_live else report.header.as_of


def _within(moment: datetime, spans: Iterable[Pause]) -> bool:
    return any(span.start <= moment < span.end for span in spans)


class _Axis:
    """From a moment to its share of the time that drkit worked on the run."""

    def __init__(self, report: Report) -> None:
        self._header = report.header
        worked = self._worked(report.header.as_of)
        self.span = worked if worked > timedelta(0) else timedelta(seconds=1)
        self.end = report.header.as_of

    def place(self, moment: datetime) -> float:
        return min(max(self._worked(moment) / self.span, 0.0), 1.0)

    def _worked(self, moment: datetime) -> timedelta:
        paused = (min(p.end, moment) - p.start for p in self._header.pauses if p.start < moment)
        return moment - self._header.began - sum(paused, timedelta())


def _bars(step: StepReport, line: _Axis) -> tuple[Bar, ...]:
    spans = [(one.began, one.seen_until, one.state) for one in step.tries]
    if not spans and step.began is not None:
        spans = [(step.began, step.ended, step.state)]
    return tuple(
        Bar(
            left=line.place(begin),
            # of a try in which the clock was set back, the line shows its start alone
            width=max(line.place(end or line.end) - line.place(begin), 0.0),
            state=state,
        )
        for begin, end, state in spans
    )


def _ticks(span: timedelta) -> tuple[Mark, ...]:
    seconds = span.total_seconds()
    every = next((tick for tick in _TICKS if seconds / tick <= _MOST_TICKS), _TICKS[-1])
    count = min(int(seconds / every), _MOST_TICKS)
    return tuple(
        Mark(at=n * every / seconds, length=timedelta(seconds=n * every))
        for n in range(1, count + 1)
    )
