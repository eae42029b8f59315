"""Whether the gates can still be answered when one person cannot be reached."""

from __future__ import annotations

from collections.abc import Iterator

from drkit.errors import Problem
from drkit.model.plan import StepEntry
from drkit.model.readiness import About, Finding, Looked, Severity
from drkit.planning.people import could_answer, people_asked
from drkit.reporting.readiness.site import Site


def judge_people(site: Site, codes: int) -> Looked:
    """``codes``: sealed ones that were not used yet. A gate that nobody at all can answer is a
    problem of the plan, and said as such.
    """
    gates = [entry for entry in site.plan.steps.values() if entry.gate]
    findings = tuple(finding for entry in gates for finding in _of(site, entry, codes))
    short = any(len(could_answer(site.plan, e)) < people_asked(site.plan, e) for e in gates)
    return Looked(findings=findings, good="" if short else "people for every gate")


def _of(site: Site, entry: StepEntry, codes: int) -> Iterator[Finding]:
    able, asked = could_answer(site.plan, entry), people_asked(site.plan, entry)
    if len(able) != asked or (asked > 1 and codes):
        return
    role, names = entry.gate, " and ".join(able)
    code = ", or `drkit break-glass new` makes a code to be sealed" if asked > 1 else ""
    alone = Problem(
        place=f"steps.{entry.name}",
        message=f"{names} alone can answer it: nobody stands in for who cannot be reached",
        remedy=f"give another person the role `{role}`{code}",
    )
    waiting = site.waiting_for((entry.name,))
    yield site.finding(Severity.NOTE, About.PEOPLE, alone, processes=waiting)
