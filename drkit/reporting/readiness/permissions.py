"""Whether the calls that the last proof made would be allowed now, to whoever would make them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from drkit.errors import Problem
from drkit.model.calls import ANY, Call, Denial
from drkit.model.readiness import About, Finding, Looked, Severity
from drkit.reporting.readiness.site import Site, unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Permissions:
    """What ``run`` called, as far as it is recorded, what a rebuild is known to call besides, and
    what of both ``identity`` may not call now.
    """

    run: str
    identity: str
    """ARN of a user or role."""
    recorded: frozenset[Call]
    known: frozenset[Call]
    denied: tuple[Denial, ...]
    left: str = ""
    """Why there may be more that it called; empty: there is no more."""

    @property
    def calls(self) -> frozenset[Call]:
        return self.recorded | self.known


def judge_permissions(site: Site, found: Permissions) -> Looked:
    """One finding for all that the same steps may not call, for the same reason."""
    rows: dict[tuple[tuple[str, ...], str], list[Denial]] = {}
    for denial in found.denied:
        steps = {call.step for call in found.calls if denial.concerns(call)}
        rows.setdefault((tuple(sorted(steps)), _why(denial)), []).append(denial)
    findings = [
        _finding(site, found, steps, why, tuple(denials)) for (steps, why), denials in rows.items()
    ]
    if found.left or not found.recorded:
        findings.append(unknown(site, About.PERMISSIONS, _gap(site, found)))
    rights = len({(call.action, call.resource) for call in found.calls})
    good = f"{rights} rights that {found.run} used or a cutover takes"
    return Looked(findings=tuple(findings), good="" if findings else good)


def _gap(site: Site, found: Permissions) -> Problem:
    if found.recorded:
        return Problem(
            place=found.run,
            message=f"not every call of it could be looked up: {found.left}",
            remedy="ask again later",
        )
    return Problem(
        place=found.run,
        message="the cloud has no record of what it called, so which rights a rebuild takes is not"
        " known" + (f" ({found.left})" if found.left else ""),
        remedy=f"prove the site again: `drkit validate --region {site.region}`",
    )


def _why(denial: Denial) -> str:
    if denial.untold:
        return f"it depends on {', '.join(denial.untold)}, which only a real call tells"
    return "a policy denies it" if denial.explicit else "no policy allows it"


def _finding(
    site: Site, found: Permissions, steps: tuple[str, ...], why: str, denials: tuple[Denial, ...]
) -> Finding:
    rights = ", ".join(dict.fromkeys(_rights(denials)))
    sure = not any(denial.untold for denial in denials)
    needed = [step for step in steps if site.graph is None or step in site.graph.steps]
    severity = Severity.BLOCKS if sure else Severity.UNKNOWN
    if not needed:  # a rebuild has no such step: it takes away what a validation made
        severity = Severity.NOTE
    may = "may not call" if sure else "may or may not call"
    problem = Problem(
        place=found.identity,
        message=f"{may} {rights} ({why}): needed by {', '.join(steps)}",
        remedy=f"give it the right, or use credentials that have it; `aws iam"
        f" simulate-principal-policy --policy-source-arn {found.identity} --action-names"
        f" {' '.join(_actions(denials))}` says which policy it is",
    )
    processes = site.waiting_for(needed) or site.all if needed else ()
    return site.finding(severity, About.PERMISSIONS, problem, processes=processes)


def _actions(denials: Iterable[Denial]) -> list[str]:
    return sorted({denial.action for denial in denials})


def _rights(denials: Iterable[Denial]) -> Iterator[str]:
    for denial in denials:
        on = "" if denial.resource == ANY else f" on {denial.resource}"
        yield f"{denial.action}{on} in {denial.region}"
