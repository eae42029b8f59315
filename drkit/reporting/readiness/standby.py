"""Whether what a rebuild goes on from stands in a warm site: all of it, as it would be built now.

Judged by the journals. What has drifted since is a look of its own (:mod:`.stacks`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from drkit.engine.progress import run_of, stand
from drkit.errors import Problem
from drkit.model.outcome import State
from drkit.model.readiness import About, Finding, Looked, Severity
from drkit.model.record import Record, Target
from drkit.reporting.proofs import changed_steps, digests_of
from drkit.reporting.readiness.site import Site, some


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The generation that stands by, and the records of the newest run that worked on it; none
    where none is known.
    """

    target: Target
    records: Sequence[Record]


def steps_done(standing: Standing, digests: Mapping[str, str]) -> tuple[str, ...]:
    """The steps of ``digests`` that a rebuild finds done: what they work with is as it was then."""
    states = stand(standing.records).states
    changed = changed_steps(digests_of(standing.records), digests)
    return tuple(s for s in digests if states.get(s) is State.DONE and s not in changed)


def judge_standby(site: Site, standing: Standing | None, digests: Mapping[str, str]) -> Looked:
    """``standing``: None where nothing stands. ``digests``: step of a standby → sha256 of what it
    would work with now.
    """
    if standing is None:
        nothing = "it is warm, and nothing stands there: a rebuild begins at its first stack"
        return Looked(findings=(_finding(site, site.region, nothing),))
    findings = tuple(_of(site, standing, digests))
    return Looked(findings=findings, good="" if findings else f"{standing.target.name} stands by")


def _of(site: Site, standing: Standing, digests: Mapping[str, str]) -> Iterator[Finding]:
    name, began = standing.target.name, run_of(standing.records)
    if began is None:
        yield _finding(site, name, "no journal says how much of it was built")
        return
    states = stand(standing.records).states
    if undone := [step for step in digests if states.get(step) is not State.DONE]:
        yield _finding(site, name, f"is not whole: {some(undone, ', ')} not done by {began.run}")
    if changed := changed_steps(digests_of(standing.records), digests):
        files = "their stack, playbook or roles have changed since"
        message = f"{some(changed, ', ')}: {files} {began.run} brought it up"
        yield _finding(site, name, message, severity=Severity.NOTE)


def _finding(
    site: Site, place: str, message: str, *, severity: Severity = Severity.THREATENS
) -> Finding:
    problem = Problem(
        place=place,
        message=message,
        remedy=f"`drkit standby --region {site.region}` brings it up to date",
    )
    return site.finding(severity, About.STANDBY, problem)
