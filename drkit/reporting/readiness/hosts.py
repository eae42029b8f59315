"""What a visit to the hosts of a site told, and how they differ from what playbooks make of them.

A rebuild follows the playbooks. So what was changed by hand on a host that serves will be missing
on the site that is rebuilt; a service that stands still there will run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from drkit.errors import Problem
from drkit.model.readiness import About, Finding, Looked, Severity
from drkit.model.record import Target
from drkit.reporting.readiness.site import Site, some, unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """What a task of a playbook would change on a host."""

    host: str
    step: str
    playbook: str
    task: str
    what: tuple[str, ...] = ()
    """The files, or what would be done; none where the task does not say."""
    still: bool = False
    """Whether it would only have a service run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncompared:
    """A playbook that could not be compared, or not to its end."""

    step: str
    why: str
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """What a host runs on."""

    release: str
    """Of its system: ``Debian GNU/Linux 12 (bookworm)``."""
    kernel: str
    packages: Mapping[str, str]
    """Name → version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a host was answered by a third party; ``status`` 0: nothing."""

    status: int
    said: str = ""
    """Why there was no answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What the hosts of one site told; without any, nothing stands there."""

    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Host → its groups."""
    silent: Mapping[str, str] = field(default_factory=dict)
    """Host that was not reached → why."""
    compared: tuple[str, ...] = ()
    """Steps whose playbook was played in check mode to its end."""
    deviations: tuple[Deviation, ...] = ()
    uncompared: tuple[Uncompared, ...] = ()
    installed: Mapping[str, Installed] = field(default_factory=dict)
    heard: Mapping[str, Mapping[str, Heard]] = field(default_factory=dict)
    """Host → provider → what it was answered."""
    unknown: str = ""
    """Why nobody was visited; empty where somebody was, or nobody is there."""
    remedy: str = ""


def judge_hosts(site: Site, target: Target, visit: Visit, *, serves: bool) -> Looked:
    """Of the site that serves, else of the standby that stands in the region of ``site``."""
    place = f"{target.name} hosts"
    if visit.unknown:
        why = Problem(place=place, message=visit.unknown, remedy=visit.remedy)
        return Looked(findings=(unknown(site, About.HOSTS, why),))
    findings = (
        *_silent(site, target, visit, serves=serves),
        *_uncompared(site, target, visit),
        *_deviating(site, target, visit, serves=serves),
    )
    if findings or not visit.compared:
        return Looked(findings=findings)
    hosts = len(visit.groups)
    good = f"the hosts of {target.name} ({hosts}) are as {len(visit.compared)} playbooks make them"
    return Looked(good=good)


def _silent(site: Site, target: Target, visit: Visit, *, serves: bool) -> Iterator[Finding]:
    if not visit.silent:
        return
    message = f"{some(sorted(visit.silent), ', ')}: {next(iter(visit.silent.values()))}"
    if serves:
        remedy = "see whether it runs, and whether its group lets the jump host in"
    else:
        remedy = f"start it, or give the standby up: `drkit reap {target.region}`"
    problem = Problem(place=f"{target.name} hosts", message=message, remedy=remedy)
    severity = Severity.UNKNOWN if serves else Severity.THREATENS
    yield site.finding(severity, About.HOSTS, problem)


def _uncompared(site: Site, target: Target, visit: Visit) -> Iterator[Finding]:
    for each in visit.uncompared:
        why = Problem(place=f"{target.name} {each.step}", message=each.why, remedy=each.remedy)
        waiting = site.waiting_for((each.step,))
        yield site.finding(Severity.UNKNOWN, About.HOSTS, why, processes=waiting)


def _deviating(site: Site, target: Target, visit: Visit, *, serves: bool) -> Iterator[Finding]:
    """One for each host and thing: playbooks of several services write the same file."""
    for found in _of_one_thing(visit.deviations):
        first = found[0]
        waiting = site.waiting_for(dict.fromkeys(each.step for each in found))
        what = some(first.what, ", ") or "the task does not say what"
        tasks = some(list(dict.fromkeys(each.task for each in found)), "; ")
        problem = Problem(
            place=f"{target.name} {first.host}",
            message=f"{_message(first, serves=serves)}: {what} ({tasks})",
            remedy=_remedy(first, serves=serves),
        )
        severity = Severity.THREATENS if serves and not first.still else Severity.NOTE
        details = first.what
        yield site.finding(severity, About.HOSTS, problem, processes=waiting, details=details)


def _of_one_thing(deviations: tuple[Deviation, ...]) -> Iterator[list[Deviation]]:
    found: dict[object, list[Deviation]] = {}
    for each in deviations:
        thing = each.what or each.task
        found.setdefault((each.host, thing, each.still), []).append(each)
    yield from found.values()


def _message(first: Deviation, *, serves: bool) -> str:
    playbook = f"playbooks/{first.playbook}.yml"
    if first.still:
        return f"does not run as {playbook} has it"
    if serves:
        return f"is otherwise than {playbook} makes it, and what is rebuilt will be without that"
    return f"is otherwise than {playbook} makes it (a rebuild sets it right)"


def _remedy(first: Deviation, *, serves: bool) -> str:
    if first.still:
        return "see why, and set it right on the host; a rebuild has it run"
    if serves:
        return (
            f"if it is wanted, write it into playbooks/{first.playbook}.yml or its roles; else take"
            " it back by hand"
        )
    return "see who did it"
