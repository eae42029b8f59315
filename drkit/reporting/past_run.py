"""A run as one of many: its report, what its processes took, and what it can be compared with.

Refuses to compare what would differ by its nature: another kind of run, another region, a planned
move with an unplanned rebuild (their clocks start at other moments), the sandbox with a cloud.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from drkit.model.outcome import State
from drkit.reporting.path import slowest
from drkit.reporting.recoveries import Recovery, recoveries
from drkit.reporting.report import Report
from drkit.reporting.steps import StepReport

_SLOWEST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRun:
    report: Report
    recoveries: Mapping[str, Recovery]
    """By process, in the plan's order."""
    steps: Mapping[str, StepReport]

    @property
    def name(self) -> str:
        return self.report.header.run

    @property
    def sort(self) -> tuple[object, ...]:
        """The same for runs that can be compared."""
        header = self.report.header
        return header.kind, header.target.region, header.move is not None, header.sandbox

    @property
    def failed(self) -> tuple[str, ...]:
        """The steps that failed and were not mended within the run."""
        return tuple(step.id for step in self.report.steps if step.state is State.FAILED)

    @property
    def slowest(self) -> tuple[StepReport, ...]:
        """Those that took the greatest share of their budget, the worst first."""
        return slowest(self.report.steps, count=_SLOWEST)


def past_run(report: Report) -> PastRun:
    return PastRun(
        report=report,
        recoveries={recovery.name: recovery for recovery in recoveries(report)},
        steps={step.id: step for step in report.steps},
    )
