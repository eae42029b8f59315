"""The site that is judged, and what holds for every kind of fact: which processes a problem breaks,
and what could not be looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from drkit.errors import Problem
from drkit.model.plan import Plan
from drkit.model.readiness import About, Finding, Severity
from drkit.planning.graph import Graph

PROOF_AGE = timedelta(days=7)
"""How old a proof may be: with one each night, it has then failed seven times."""
EXPIRY = timedelta(days=30)
"""From when on before its end a certificate is named: a month is time to get another."""
_MOST = 3
"""So many changes are told: who reads ten looks at the files all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """``graph``: of a rebuild; None where the plan makes none."""

    plan: Plan
    region: str
    graph: Graph | None
    now: datetime
    proof_age: timedelta = PROOF_AGE
    expiry: timedelta = EXPIRY

    @property
    def all(self) -> tuple[str, ...]:
        """The names of all processes."""
        return tuple(self.plan.processes)

    def waiting_for(self, steps: Iterable[str]) -> tuple[str, ...]:
        """The processes that wait for one of ``steps``; all where there is no graph to say so."""
        if self.graph is None:
            return self.all
        waiting = {name for step in steps for name in self.graph.processes.get(step, ())}
        return tuple(name for name in self.all if name in waiting)

    def finding(
        self,
        severity: Severity,
        about: About,
        problem: Problem,
        *,
        processes: tuple[str, ...] | None = None,
        details: tuple[str, ...] = (),
    ) -> Finding:
        """``problem`` as a finding; of all processes if none are told."""
        return Finding(
            severity=severity,
            about=about,
            place=problem.place,
            message=problem.message,
            processes=self.all if processes is None else processes,
            remedy=problem.remedy,
            details=details,
        )


def refused(site: Site, about: About, problems: Iterable[Problem]) -> tuple[Finding, ...]:
    """What a rebuild is refused for, unless a person accepts it."""
    return tuple(
        site.finding(Severity.BLOCKS, about, problem, processes=_processes(site, problem))
        for problem in problems
    )


def _processes(site: Site, problem: Problem) -> tuple[str, ...]:
    """What touches no part touches the whole run, but for what a process itself says."""
    section, _, rest = problem.name.partition(".")
    name = rest.partition(".")[0]
    if section == "processes" and name in site.plan.processes:
        return (name,)
    return site.waiting_for(problem.affects) if problem.affects else site.all


def unknown(site: Site, about: About, why: Problem) -> Finding:
    """What could not be looked at, for which it would be wrong to say that it is good."""
    return site.finding(Severity.UNKNOWN, about, why)


def merged(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The same, with one finding for all that is not known for the same reason."""
    found: dict[object, Finding] = {}
    for finding in findings:
        if finding.severity is not Severity.UNKNOWN:
            found[len(found)] = finding
            continue
        why = (finding.message, finding.remedy)
        first = found.get(why)
        if first:
            processes = dict.fromkeys((*first.processes, *finding.processes))
            place = f"{first.place}, {finding.place}"
            finding = replace(finding, place=place, processes=tuple(processes))
        found[why] = finding
    return tuple(found.values())


def some(names: Sequence[str], between: str) -> str:
    """The first few, and how many more there are."""
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return f"{between.join(names[:_MOST])}{more}"
