"""What Pulumi foresees, judged: whether the stacks of the site would be built, and what of those
that are there is otherwise in the cloud than they made it.

A rebuild follows the programs. So a host of the serving site that stands still is nothing to it,
and what was changed there by hand is: the site that is rebuilt will be without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from drkit.errors import Problem
from drkit.model.outcome import Failure
from drkit.model.plan import Plan, Tier
from drkit.model.readiness import About, Finding, Looked, Severity
from drkit.model.record import Target
from drkit.reporting.readiness.site import Site, some, unknown

OUTSIDE = "stacks.outside"
_PREPARE = "`drkit prepare` sets it right"


class How(StrEnum):
    """In what way the cloud has a resource otherwise than the state of its stack."""

    CHANGED = "changed"
    STOPPED = "stopped"
    """A host that does not run."""
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One resource that the cloud has otherwise."""

    resource: str
    """Its type and name: ``aws:ec2/instance:Instance app-1``."""
    id: str
    how: How
    properties: tuple[str, ...] = ()
    """Those that were changed, by their paths."""

    @property
    def named(self) -> str:
        what = f"{self.resource} ({self.id})"
        return f"{what}: {some(self.properties, ', ')}" if self.properties else what


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """What Pulumi said of one stack."""

    creates: int = 0
    changes: tuple[str, ...] = ()
    """What building it would change, each with how: ``update KIND NAME``."""
    outputs: Mapping[str, object] = field(default_factory=dict)
    """Those that are no secrets; where one cannot be known yet, Pulumi's mark for that."""
    differences: tuple[Difference, ...] = ()
    refused: tuple[Failure, ...] = ()
    """Why the program or the provider would not build it."""
    unknown: str = ""
    """Why nothing can be said of it; empty where something was."""
    remedy: str = ""

    @property
    def known(self) -> bool:
        """Whether a stack that needs it can be looked at after it."""
        return not self.refused and not self.unknown


def judge_building(site: Site, target: Target, found: Mapping[str, Foreseen]) -> Looked:
    """``found``: stack → what was said of it. One that needs a stack of which nothing good was said
    is missing, and has no finding of its own.
    """
    findings = tuple(
        finding for stack, said in found.items() for finding in _building(site, target, stack, said)
    )
    creates = sum(said.creates for said in found.values())
    good = f"previews of {target.name} ({', '.join(found)}: {creates} to create)"
    return Looked(findings=findings, good="" if findings or not found else good)


def judge_drift(site: Site, serving: Target, found: Mapping[str, Foreseen]) -> Looked:
    """``found``: stack of the site that serves → how the cloud has it."""
    findings = tuple(
        finding for stack, said in found.items() for finding in _drift(site, serving, stack, said)
    )
    good = f"no drift of {serving.name}"
    return Looked(findings=findings, good="" if findings else good)


def judge_outside(site: Site, said: Foreseen) -> Looked:
    """``said``: what ``drkit prepare`` would do to its stack. Of the policy of the backups, the
    statement that a cutover writes is what it would write, too.
    """
    findings: list[Finding] = []
    if why := said.unknown or "; ".join(failure.message for failure in said.refused):
        cause = Problem(place=OUTSIDE, message=why, remedy=said.remedy or _PREPARE)
        findings.append(unknown(site, About.DRIFT, cause))
    if said.changes:
        cause = Problem(
            place=OUTSIDE,
            message="is otherwise than its stack says, which backups and fences rely on;"
            f" `drkit prepare` would {some(said.changes, '; ')}",
            remedy=f"see who did it, then {_PREPARE}",
        )
        findings.append(site.finding(Severity.THREATENS, About.DRIFT, cause))
    return Looked(findings=tuple(findings), good="" if findings else "no drift of outside")


def _building(site: Site, target: Target, stack: str, said: Foreseen) -> Iterator[Finding]:
    place, waiting = f"stacks.{stack}", site.waiting_for((stack,))
    if said.unknown:
        yield unknown(site, About.STACKS, _why(place, said))
    for failure in said.refused:
        cause = Problem(
            place=place,
            message=f"{failure.task}: {failure.message}" if failure.task else failure.message,
            remedy=failure.remedy or f"mend stacks/{stack} (docs/reference/stacks.md)",
        )
        yield site.finding(Severity.BLOCKS, About.STACKS, cause, processes=waiting)
    for problem in drifted(site.plan, target, stack, said.differences):
        yield site.finding(Severity.THREATENS, About.STACKS, problem, processes=waiting)


def drifted(
    plan: Plan, target: Target, stack: str, differences: Iterable[Difference]
) -> Iterator[Problem]:
    """What of a stack of ``target``, which does not serve, is otherwise than it was built."""
    warm = plan.sites[target.region].tier is Tier.WARM
    remedy = f"`drkit standby --region {target.region}` sets it right" if warm else _SET_RIGHT
    for how, which in _by_kind(differences):
        yield Problem(
            place=f"{target.name} {stack}",
            message=f"{_STANDBY[how]}: {_named(which)}",
            remedy=remedy,
        )


_STANDBY = {
    How.CHANGED: "was changed since it was built",
    How.STOPPED: "stands still",
    How.GONE: "is gone since it was built",
}
_SET_RIGHT = "a rebuild sets it right before it goes on, which takes time: see who did it"


def _drift(site: Site, serving: Target, stack: str, said: Foreseen) -> Iterator[Finding]:
    place = f"{serving.name} {stack}"
    if said.unknown:
        yield unknown(site, About.DRIFT, _why(place, said))
    for how, which in _by_kind(said.differences):
        message, remedy = _of_serving(serving, stack, how, which)
        problem = Problem(place=place, message=message, remedy=remedy)
        severity = Severity.THREATENS if how is How.CHANGED else Severity.NOTE
        waiting = site.waiting_for((stack,))
        yield site.finding(severity, About.DRIFT, problem, processes=waiting)


def _of_serving(serving: Target, stack: str, how: How, which: list[Difference]) -> tuple[str, str]:
    """Message and remedy: no command of drkit changes a site that serves."""
    match how:
        case How.CHANGED:
            return (
                f"was changed since it was built, and what is rebuilt will be without it:"
                f" {_named(which)}",
                f"if it is wanted, write it into stacks/{stack}; else take it back by hand",
            )
        case How.STOPPED:
            return f"stands still (a rebuild makes it anew): {_named(which)}", _start(
                serving, which
            )
        case How.GONE:
            return (
                f"is gone (a rebuild makes it anew): {_named(which)}",
                "make it again by hand, if the site that serves needs it",
            )


def _start(target: Target, which: list[Difference]) -> str:
    ids = " ".join(each.id for each in which)
    return f"start it: `aws ec2 start-instances --region {target.region} --instance-ids {ids}`"


def _by_kind(found: Iterable[Difference]) -> Iterator[tuple[How, list[Difference]]]:
    held = list(found)
    for how in How:
        if which := [each for each in held if each.how is how]:
            yield how, which


def _named(which: list[Difference]) -> str:
    return some([each.named for each in which], "; ")


def _why(place: str, said: Foreseen) -> Problem:
    return Problem(place=place, message=said.unknown, remedy=said.remedy)
