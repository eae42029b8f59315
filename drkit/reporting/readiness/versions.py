"""What the hosts that serve run on, against what a standby has: hosts that stand there, else those
of the last proof.

Decides what a difference means: what is missing there, and another release of the system,
threatens; another version of a package is a note, because a proof has shown that the shop works
with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from drkit.errors import Problem
from drkit.model.plan import Plan
from drkit.model.readiness import About, Finding, Looked, Severity
from drkit.reporting.readiness.hosts import Installed, Visit
from drkit.reporting.readiness.site import Site, some

FACT = "installed"
"""Of the step whose playbook has the role ``drkit.recovery.installed``: ``hosts``, host → key of
``sets``; ``sets``, key → ``release``, ``kernel``, ``packages``."""
Groups = Mapping[str, tuple[Installed, ...]]
"""Group of hosts → what each of them has, as far as they differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two that are compared."""

    name: str
    """``eu-west-3.g1``, or the run of a proof."""
    groups: Groups


@dataclass(frozen=True, slots=True, kw_only=True)
class _Difference:
    what: str
    here: tuple[str, ...]
    there: tuple[str, ...]
    severity: Severity

    @property
    def named(self) -> str:
        return f"{self.what} {_told(self.here)} ({_told(self.there)} there)"


def _told(versions: tuple[str, ...]) -> str:
    return " or ".join(each or "none" for each in versions) or "none"


def of_visit(visit: Visit) -> Groups:
    """What hosts told just now."""
    return _by_group(visit.groups, visit.installed)


def of_facts(facts: Mapping[str, Mapping[str, object]]) -> Groups:
    """What a run has recorded; nothing where it did not, or another drkit did it in another way.
    ``facts``: step → its facts.
    """
    groups: dict[str, tuple[str, ...]] = {}
    installed: dict[str, Installed] = {}
    for told in facts.values():
        for name, host in _mapping(told.get("hosts")).items():
            of_host = _mapping(host).get("groups")
            groups[name] = tuple(of_host) if isinstance(of_host, list | tuple) else ()
        noted = _mapping(told.get(FACT))
        sets = {key: _installed(value) for key, value in _mapping(noted.get("sets")).items()}
        for name, key in _mapping(noted.get("hosts")).items():
            if isinstance(key, str) and (read := sets.get(key)):
                installed[name] = read
    return _by_group(groups, installed)


def _installed(value: object) -> Installed | None:
    """None of what has other fields: they may mean another thing."""
    match value:
        case {
            "release": str(release),
            "kernel": str(kernel),
            "packages": Mapping() as packages,
            **more,
        } if not more and all(isinstance(version, str) for version in packages.values()):
            return Installed(release=release, kernel=kernel, packages=packages)
        case _:
            return None


def _mapping(value: object) -> Mapping[str, Any]:
    """Any: JSON values of a journal."""
    return value if isinstance(value, Mapping) else {}


def _by_group(hosts: Mapping[str, Sequence[str]], installed: Mapping[str, Installed]) -> Groups:
    found: dict[str, list[Installed]] = {}
    for name, each in installed.items():
        for group in hosts.get(name, ()):
            kept = found.setdefault(group, [])
            if each not in kept:
                kept.append(each)
    return {group: tuple(each) for group, each in found.items()}


def judge_versions(site: Site, serving: Side, standby: Side) -> Looked:
    """One finding for all groups that differ in the same way."""
    both = [group for group in serving.groups if group in standby.groups]
    alike: dict[tuple[_Difference, ...], list[str]] = {}
    for group in both:
        differences = tuple(_differences(serving.groups[group], standby.groups[group]))
        if differences:
            alike.setdefault(differences, []).append(group)
    findings = tuple(
        _finding(site, serving, standby, groups, found) for found, groups in alike.items()
    )
    good = f"the hosts of {serving.name} have the versions of {standby.name}"
    return Looked(findings=findings, good=good if both and not findings else "")


def _finding(
    site: Site,
    serving: Side,
    standby: Side,
    groups: Sequence[str],
    found: tuple[_Difference, ...],
) -> Finding:
    threatens = [each for each in found if each.severity is Severity.THREATENS]
    first = [each.named for each in (*threatens, *(e for e in found if e not in threatens))]
    problem = Problem(
        place=f"{serving.name} {', '.join(groups)}",
        message=f"{len(found)} of what is installed is otherwise than in {standby.name}:"
        f" {some(first, '; ')}",
        remedy="build the image of both sites anew from one source, and prove it:"
        f" `drkit validate --region {site.region}`",
    )
    severity = Severity.THREATENS if threatens else Severity.NOTE
    details = tuple(each.named for each in found)
    return site.finding(severity, About.VERSIONS, problem, details=details)


def _differences(here: Sequence[Installed], there: Sequence[Installed]) -> Iterator[_Difference]:
    releases = tuple(tuple(sorted({one.release for one in side})) for side in (here, there))
    kernels = tuple(tuple(sorted({one.kernel for one in side})) for side in (here, there))
    for what, (ours, theirs), severity in (
        ("the system", releases, Severity.THREATENS),
        ("the kernel", kernels, Severity.NOTE),
    ):
        if ours != theirs:
            yield _Difference(what=what, here=ours, there=theirs, severity=severity)
    names = {name for one in (*here, *there) for name in one.packages}
    for name in sorted(names):
        ours, theirs = _versions(here, name), _versions(there, name)
        if ours != theirs:
            missing = Severity.NOTE if theirs else Severity.THREATENS
            yield _Difference(what=name, here=ours, there=theirs, severity=missing)


def _versions(side: Sequence[Installed], name: str) -> tuple[str, ...]:
    found = {one.packages.get(name, "") for one in side}
    return tuple(sorted(found)) if found != {""} else ()


def judge_images(site: Site, plan: Plan, serving: str) -> Iterator[Finding]:
    """By the plan: images of the two sites that have not one name. ``serving``: its region."""
    here, there = plan.sites[serving].images, plan.sites[site.region].images
    for name in dict.fromkeys((*here, *there)):
        if here.get(name) != there.get(name):
            problem = Problem(
                place=f"sites.{site.region}.images.{name}",
                message=f"{there.get(name, 'none')}, and {serving} has {here.get(name, 'none')}",
                remedy="see that both are made from one source",
            )
            yield site.finding(Severity.NOTE, About.VERSIONS, problem)
