"""How long each process would be down, against its RTO."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from drkit.errors import Problem
from drkit.model.plan import Process
from drkit.model.quantities import format_duration
from drkit.model.readiness import About, Back, Finding, Looked, Severity
from drkit.reporting.readiness.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """``earlier`` of ``steps`` steps are taken to last as in earlier runs, the others by budget."""

    back: Mapping[str, Back]
    earlier: int
    steps: int

    @property
    def basis(self) -> str:
        if not self.earlier:
            return "by budgets alone"
        return f"{self.earlier} of {self.steps} steps as in earlier runs, the others by budget"


def judge_times(site: Site, times: Times) -> Looked:
    findings = tuple(
        finding
        for name, back in times.back.items()
        for finding in _of(site, site.plan.processes[name], back, times.basis)
    )
    good = f"recovery times within every RTO ({times.basis})"
    return Looked(findings=findings, good="" if findings or not times.back else good)


def _of(site: Site, process: Process, back: Back, basis: str) -> Iterator[Finding]:
    if back.p95 is not None and back.p95 <= process.rto:
        return
    told = "would not come back"
    if back.p50 is not None and back.p95 is not None:
        told = f"would be back after {format_duration(back.p50)} (P95 {format_duration(back.p95)})"
    late = Problem(
        place=f"processes.{process.name}.rto",
        message=f"{told}, and its RTO is {format_duration(process.rto)}: kept in {back.within:.0%}"
        f" of simulated rebuilds ({basis})",
        remedy=f"`drkit simulate --region {site.region}` shows the critical path: shorten it, or"
        " grant a longer RTO",
    )
    yield site.finding(Severity.THREATENS, About.TIME, late, processes=(process.name,))
