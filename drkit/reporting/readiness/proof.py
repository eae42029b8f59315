"""How long ago the site was last proven, and what has changed since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from drkit.errors import Problem
from drkit.model.quantities import format_duration
from drkit.model.readiness import About, Finding, Looked, Severity
from drkit.planning.changes import plan_changes
from drkit.reporting.proofs import Proof, changed_steps
from drkit.reporting.readiness.site import Site, some


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """What the journals, here and outside, say of a site."""

    last: Proof | None
    damaged: tuple[str, ...] = ()
    """Runs newer than it whose journal cannot be read."""


def judge_proof(site: Site, proven: Proven, digests: Mapping[str, str]) -> Looked:
    """``digests``: step → sha256 of what it would work with now."""
    last = proven.last
    findings = [_damaged(site, run) for run in proven.damaged]
    if last is None:
        findings.append(_never(site))
        return Looked(findings=tuple(findings))
    findings += [
        *_old(site, last),
        *_changed_plan(site, last),
        *_changed_files(site, last, digests),
    ]
    age = format_duration(site.now - last.at)
    good = f"proven {age} ago by {last.run}, and nothing has changed since"
    return Looked(findings=tuple(findings), good="" if findings else good)


def _again(site: Site) -> str:
    return f"prove it: `drkit validate --region {site.region}`"


def _never(site: Site) -> Finding:
    never = Problem(
        place=site.region,
        message="no rebuild and no validation of it has brought every process back, as far as the"
        " journals here and outside say",
        remedy=_again(site),
    )
    return site.finding(Severity.THREATENS, About.PROOF, never)


def _old(site: Site, last: Proof) -> Iterator[Finding]:
    age = site.now - last.at
    if age > site.proof_age:
        old = Problem(
            place=site.region,
            message=f"was last proven {format_duration(age)} ago, by {last.run}: more than"
            f" {format_duration(site.proof_age)}",
            remedy=_again(site),
        )
        yield site.finding(Severity.THREATENS, About.PROOF, old)


def _changed_plan(site: Site, last: Proof) -> Iterator[Finding]:
    if changes := tuple(plan_changes(last.plan, site.plan.source)):
        changed = Problem(
            place="plan",
            message=f"has changed since {last.run} proved it: {some(changes, '; ')}",
            remedy=_again(site),
        )
        yield site.finding(Severity.THREATENS, About.PROOF, changed)


def _changed_files(site: Site, last: Proof, digests: Mapping[str, str]) -> Iterator[Finding]:
    if steps := changed_steps(last.digests, digests):
        changed = Problem(
            place="files",
            message=f"{some(steps, ', ')}: their stack, playbook, roles or checks have"
            f" changed since {last.run} proved it",
            remedy=_again(site),
        )
        waiting = site.waiting_for(steps)
        yield site.finding(Severity.THREATENS, About.PROOF, changed, processes=waiting)


def _damaged(site: Site, run: str) -> Finding:
    damaged = Problem(
        place=run,
        message="its journal cannot be read, and counts for nothing here",
        remedy=f"`drkit journal verify {run}` says where",
    )
    return site.finding(Severity.NOTE, About.PROOF, damaged, processes=())
