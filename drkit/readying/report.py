"""All looks at each site at once, and what they come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from drkit.adapters.asked import Asked
from drkit.errors import ConfigurationError, DrkitError, Problem
from drkit.model.plan import Plan, Process
from drkit.model.quantities import format_duration
from drkit.model.readiness import (
    About,
    Finding,
    Looked,
    ProcessReadiness,
    ReadinessReport,
    SiteReadiness,
    readiness_of,
    worst_first,
)
from drkit.model.step import RunKind
from drkit.planning.graph import Graph, build_graph
from drkit.planning.sites import must_be_site
from drkit.planning.stores_behind import stores_behind
from drkit.readying.looks import LOOKS, Look
from drkit.readying.sources import Sources
from drkit.reporting.readiness.site import Site, merged, unknown

if TYPE_CHECKING:
    from drkit.adapters.forked_answers import ForkedAnswers


@dataclass(frozen=True, slots=True, kw_only=True)
class Standards:
    """``proof_age``: how old a proof may be; ``expiry``: how long before its end a certificate is
    named. ``previews``: Pulumi is asked, too; ``hosts``: so are hosts.
    """

    proof_age: timedelta
    expiry: timedelta
    previews: bool = False
    hosts: bool = False


def readiness(
    plan: Plan, region: str | None, standards: Standards, *, now: datetime
) -> ReadinessReport:
    """Of ``region``, else of each site that does not serve.

    Raises UsageError for a region that is no site, ConfigurationError where no site is left.
    """
    if region is not None:
        must_be_site(plan, region)
    if not standards.previews:
        return _report(plan, region, standards, now, answers=None)
    from drkit.readying.previews import asking

    with asking(plan) as answers:
        return _report(plan, region, standards, now, answers=answers)


def _report(
    plan: Plan,
    region: str | None,
    standards: Standards,
    now: datetime,
    *,
    answers: ForkedAnswers | None,
) -> ReadinessReport:
    """``answers``: of which Pulumi is asked."""
    sources = Sources(plan, slow=standards.previews or standards.hosts)
    looks = dict(LOOKS)
    if answers is not None:
        looks |= _previews(plan, sources, answers)
    if standards.hosts:
        looks |= _hosts(plan, sources)
    regions = [region] if region is not None else _standing_by(plan, sources)
    graph = _graph(plan)
    asked = {
        name: _asked(
            Site(
                plan=plan,
                region=name,
                graph=graph,
                now=now,
                proof_age=standards.proof_age,
                expiry=standards.expiry,
            ),
            looks,
            sources,
        )
        for name in regions
    }
    sites = tuple(_collected(site, each, sources) for site, each in asked.values())
    serving = sources.serving
    return ReadinessReport(
        at=now, shop=plan.shop, serving=serving.name if serving else None, sites=sites
    )


def _standing_by(plan: Plan, sources: Sources) -> list[str]:
    """All sites, where it is not known which of them serves."""
    serving = sources.serving
    found = [name for name in plan.sites if serving is None or name != serving.region]
    if not found:
        raise ConfigurationError(
            f"{', '.join(plan.sites)} serves, and the plan has no other site to recover into",
            remedy="add one to `sites`",
        )
    return found


def _graph(plan: Plan) -> Graph | None:
    """None where the plan makes none: its problems say why."""
    try:
        return build_graph(plan, RunKind.REBUILD)
    except ConfigurationError:
        return None


def _previews(plan: Plan, sources: Sources, answers: ForkedAnswers) -> Mapping[About, Look]:
    from drkit.readying.previews import previews

    return previews(plan, sources, answers)


def _hosts(plan: Plan, sources: Sources) -> Mapping[About, Look]:
    from drkit.readying.hosts import host_looks

    return host_looks(plan, sources)


Looks = dict[About, Asked[Looked]]


def _asked(site: Site, looks: Mapping[About, Look], sources: Sources) -> tuple[Site, Looks]:
    def asked(look: Look) -> Asked[Looked]:
        return Asked(lambda: look(site, sources))

    return site, {about: asked(look) for about, look in looks.items()}


def _collected(site: Site, looks: Looks, sources: Sources) -> SiteReadiness:
    looked = [_looked(site, about, asked, sources) for about, asked in looks.items()]
    findings = worst_first(merged(finding for each in looked for finding in each.findings))
    return SiteReadiness(
        region=site.region,
        findings=findings,
        good=tuple(each.good for each in looked if each.good),
        processes=tuple(
            _process(site.plan, process, findings, sources)
            for process in site.plan.processes.values()
        ),
    )


def _looked(site: Site, about: About, asked: Asked[Looked], sources: Sources) -> Looked:
    """What could not be looked at is a finding of its own."""
    try:
        return sources.of(asked)
    except TimeoutError:
        message, remedy = f"no answer within {format_duration(sources.patience)}", "ask again"
    except DrkitError as error:
        message, remedy = str(error), error.remedy
    why = Problem(place=str(about), message=message, remedy=remedy)
    return Looked(findings=(unknown(site, about, why),))


def _process(
    plan: Plan, process: Process, findings: tuple[Finding, ...], sources: Sources
) -> ProcessReadiness:
    stores = stores_behind(plan, process.name)
    newest, times = sources.known(sources.newest) or {}, sources.known(sources.times)
    points = [newest.get(store.name) for store in stores]
    known = [point for point in points if point is not None]
    return ProcessReadiness(
        name=process.name,
        readiness=readiness_of(f.severity for f in findings if process.name in f.processes),
        rto=process.rto,
        back=times.back.get(process.name) if times else None,
        rpo=process.rpo,
        newest=min(known, default=None) if len(known) == len(points) else None,
        stores=tuple(store.name for store in stores),
    )
