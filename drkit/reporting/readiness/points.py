"""The newest recovery point of each store, against the RPO of the processes whose data it holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from drkit.errors import Problem
from drkit.model.plan import Plan, RestoreTool, Store
from drkit.model.quantities import format_duration, format_moment
from drkit.model.readiness import About, Finding, Looked, Severity
from drkit.planning.stores_behind import stores_behind
from drkit.reporting.readiness.site import Site

Newest = Mapping[str, datetime | None]
"""Store → the latest moment to which it can be brought back; None: there is none."""


def judge_points(site: Site, newest: Newest) -> Looked:
    """One finding for each store without a point, or with one that is too old."""
    findings = tuple(
        finding
        for name, point in newest.items()
        for finding in _of(site, site.plan.stores[name], point)
    )
    ages = [f"{name} {_age(site, point)} old" for name, point in newest.items() if point]
    good = f"recovery points: {', '.join(ages)}" if ages else "no store has data to lose"
    return Looked(findings=findings, good="" if findings else good)


def kept(plan: Plan) -> tuple[Store, ...]:
    """The stores that have data to lose."""
    return tuple(s for s in plan.stores.values() if s.restore is not RestoreTool.REBUILD)


def _of(site: Site, store: Store, point: datetime | None) -> Iterator[Finding]:
    place = f"stores.{store.name}"
    if point is None:
        nothing = Problem(
            place=place,
            message=f"there is no recovery point in s3://{site.plan.outside.backups}",
            remedy="take one while the site serves: `drkit backup`",
        )
        waiting = site.waiting_for((store.name,))
        yield site.finding(Severity.BLOCKS, About.POINTS, nothing, processes=waiting)
        return
    age = site.now - point
    late = {
        process.name: format_duration(process.rpo)
        for process in site.plan.processes.values()
        if process.rpo < age and store in stores_behind(site.plan, process.name)
    }
    if late:
        goals = ", ".join(f"{name} {rpo}" for name, rpo in late.items())
        old = Problem(
            place=place,
            message=f"its newest recovery point is {_age(site, point)} old"
            f" ({format_moment(point)}), older than the RPO allows ({goals})",
            remedy="see on the serving site why nothing is archived, and take one: `drkit backup`",
        )
        yield site.finding(Severity.THREATENS, About.POINTS, old, processes=tuple(late))


def _age(site: Site, point: datetime) -> str:
    return format_duration(max(site.now - point, timedelta(0)))
