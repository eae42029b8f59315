"""``drkit ready``: whether the shop can be recovered into a site now, and why not."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click

from drkit.cli import completion
from drkit.cli.options import Duration, output_option, plan_option
from drkit.model.quantities import format_duration
from drkit.model.readiness import (
    Finding,
    ProcessReadiness,
    Readiness,
    ReadinessReport,
    Severity,
    SiteReadiness,
)

VERSION = 1
"""Of the JSON output."""


@click.command()
@click.argument("site", required=False, shell_complete=completion.regions)
@plan_option
@click.option(
    "--proof-age",
    type=Duration(),
    default="7d",
    show_default=True,
    help="How old the last proof of the site may be: a week, so that one bad night is no alarm.",
)
@click.option(
    "--expiry",
    type=Duration(),
    default="30d",
    show_default=True,
    help="Name a certificate that expires within this time.",
)
@click.option(
    "--previews",
    is_flag=True,
    help="Ask Pulumi, too: would the stacks be built, and what has drifted (slower).",
)
@click.option(
    "--hosts",
    is_flag=True,
    help="Go onto hosts, too, and change nothing there: what playbooks would change, what is"
    " installed, and whether a standby reaches third parties (slower).",
)
@output_option
def ready(site: str | None, plan_file: Path, output: str, **standards: Any) -> int:
    """Say whether the shop can be recovered into SITE now, and why not.

    Without SITE: into each site that does not serve. Changes nothing, and waits 8 seconds for
    answers at the most (90 with --previews or --hosts); what could not be looked at is "not known",
    never good.

    Ends with 0 where nothing is in the way, 3 where a rebuild would be refused or leave a process
    down, 4 where one would begin but an objective is at risk, 8 where something is not known.
    """
    from drkit.api import load_plan
    from drkit.api import ready as look

    with _without_collector():
        plan = load_plan(plan_file)
        found = look(plan, region=site, **standards)
    click.echo(json.dumps(_as_json(found), indent=1) if output == "json" else _as_text(found))
    return int(found.exit)


def _as_text(found: ReadinessReport) -> str:
    return "\n\n".join("\n".join(_lines(found, each)) for each in found.sites)


@contextmanager
def _without_collector() -> Iterator[None]:
    """What is read here (the models of the cloud's API, tools to import) is kept to the end, which
    is seconds away: looking through all of it for garbage was a seventh of the command's time
    (measured), and once more at its end as much.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _lines(report: ReadinessReport, site: SiteReadiness) -> Iterator[str]:
    """How each process stands, what is wrong (the worst first), what is good, and the verdict."""
    from drkit.adapters.table import aligned

    yield from aligned([_row(report.at, process) for process in site.processes])
    yield ""
    width = max((len(finding.severity) for finding in site.findings), default=0)
    for finding in site.findings:
        yield f"{finding.severity.ljust(width)}  {_told(site, finding)}"
    if site.good:
        yield f"good: {'; '.join(site.good)}"
    yield _verdict(report, site)


def _row(at: datetime, process: ProcessReadiness) -> tuple[str, ...]:
    return (
        process.name,
        str(process.readiness),
        f"RTO {format_duration(process.rto)}: {_back(process)}",
        f"RPO {format_duration(process.rpo)}: {_newest(at, process)}",
    )


def _back(process: ProcessReadiness) -> str:
    if process.back is None:
        return "not known"
    if process.back.p50 is None or process.back.p95 is None:
        return "would not come back"
    return f"back after {_short(process.back.p50)}, P95 {_short(process.back.p95)}"


def _newest(at: datetime, process: ProcessReadiness) -> str:
    if not process.stores:
        return "no data to lose"
    if process.newest is None:
        return "no point known"
    return f"newest point {_short(max(at - process.newest, timedelta(0)))} old"


def _told(site: SiteReadiness, finding: Finding) -> str:
    """In one line, whatever a tool's own words were."""
    every = len(finding.processes) == len(site.processes)
    names = "every process" if every else ", ".join(finding.processes)
    whom = f" ({names})" if finding.processes else ""
    remedy = f" → {finding.remedy}" if finding.remedy else ""
    return " ".join(f"{finding.place}: {finding.message}{whom}{remedy}".split())


def _verdict(report: ReadinessReport, site: SiteReadiness) -> str:
    serving = f"{report.serving} serves" if report.serving else "nobody is known to serve"
    counts = [
        f"{count} {severity}"
        for severity in (Severity.BLOCKS, Severity.THREATENS, Severity.UNKNOWN)
        if (count := sum(finding.severity is severity for finding in site.findings))
    ]
    why = f": {', '.join(counts)}" if counts else ""
    mark = {Readiness.READY: "✓", Readiness.NOT_READY: "✗"}.get(site.readiness, "!")
    return f"{mark} {report.shop} into {site.region}: {site.readiness}{why} ({serving})"


def _short(value: timedelta) -> str:
    """In seconds: nobody knows tenths beforehand."""
    return format_duration(timedelta(seconds=round(value.total_seconds())))


def _as_json(report: ReadinessReport) -> dict[str, object]:
    from drkit.adapters.codec import format_time

    return {
        "version": VERSION,
        "at": format_time(report.at),
        "shop": report.shop,
        "serving": report.serving,
        "exit": int(report.exit),
        "sites": [
            {
                "site": site.region,
                "readiness": str(site.readiness),
                "processes": [_process_json(process) for process in site.processes],
                "findings": [_finding_json(finding) for finding in site.findings],
                "good": list(site.good),
            }
            for site in report.sites
        ],
    }


def _process_json(process: ProcessReadiness) -> dict[str, object]:
    from drkit.adapters.codec import format_time

    def seconds(value: timedelta | None) -> float | None:
        return round(value.total_seconds(), 1) if value is not None else None

    return {
        "name": process.name,
        "readiness": str(process.readiness),
        "rto_seconds": seconds(process.rto),
        "p50_seconds": seconds(process.back.p50 if process.back else None),
        "p95_seconds": seconds(process.back.p95 if process.back else None),
        "within_rto": process.back.within if process.back else None,
        "rpo_seconds": seconds(process.rpo),
        "newest_point": format_time(process.newest) if process.newest else None,
        "stores": list(process.stores),
    }


def _finding_json(finding: Finding) -> dict[str, object]:
    return {
        "severity": str(finding.severity),
        "about": str(finding.about),
        "place": finding.place,
        "message": finding.message,
        "processes": list(finding.processes),
        "remedy": finding.remedy or None,
        "details": list(finding.details),
    }
