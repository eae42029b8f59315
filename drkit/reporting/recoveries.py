"""How each business process came back in a run, in a form that runs can be compared by.

Decides what a process's way back is made of: the steps that its live proof waited for, one after
the other, the time until somebody began the run, and the pauses in which nobody worked on it. Two
lengths come of it. The recovery time is what customers felt. The work is the time of the tools on
that way alone: no person, pause or clock that was set changes it, so a slower step shows in it
however unevenly people answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from drkit.model.step import last_proof
from drkit.reporting.path import way_to
from drkit.reporting.processes import ProcessReport
from drkit.reporting.report import Report
from drkit.reporting.steps import StepReport

BEFORE = "the start of the run"
PAUSE = "a pause of the run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """A process in one run. What it has of objectives and verdicts is in ``process``."""

    process: ProcessReport
    took: timedelta | None
    """From the incident (the start of a deployment) to its live proof; None: it is not live."""
    at_least: bool
    """Nobody saw the start of the incident."""
    way: tuple[StepReport, ...]
    waits: Mapping[str, timedelta]
    """:data:`BEFORE` and :data:`PAUSE`: how long each of them held it up."""

    @property
    def name(self) -> str:
        return self.process.name

    @property
    def work(self) -> timedelta:
        """The time of all tries of the steps on its way, what people answered left out."""
        spans = (step.elapsed for step in self.way if step.kind != "gate")
        return sum((span for span in spans if span is not None), timedelta())


def recoveries(report: Report) -> tuple[Recovery, ...]:
    """One for each process, in the plan's order."""
    return tuple(_recovery(process, report) for process in report.processes)


def _recovery(process: ProcessReport, report: Report) -> Recovery:
    header, after = report.header, process.time_to_live
    if after is None:
        return Recovery(process=process, took=None, at_least=False, way=(), waits={})
    start = header.incident.start_for(process.name) if header.incident else header.began
    # of a planned move: what was built before the old site was closed kept nobody waiting
    way = way_to(last_proof(process.name, {step.id for step in report.steps}), report.steps)
    return Recovery(
        process=process,
        took=process.rto.down.length if process.rto else after,
        at_least=process.rto is not None and process.rto.down.at_least,
        way=tuple(step for step in way if step.ended is not None and step.ended > start),
        waits={
            BEFORE: max(header.began - start, timedelta(0)),
            PAUSE: _paused(report, start, until=header.began + after),
        },
    )


def _paused(report: Report, start: datetime, *, until: datetime) -> timedelta:
    spans = (
        min(pause.end, until) - max(pause.start, start)
        for pause in report.header.pauses
        if pause.start < until and pause.end > start
    )
    return sum(spans, timedelta())
