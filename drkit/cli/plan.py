"""``drkit plan``: what a rebuild would do, printed. The plan is a value; nothing is touched."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from drkit.cli import completion
from drkit.cli.options import mode_option, output_option, plan_option
from drkit.errors import ConfigurationError, Exit, UsageError
from drkit.model.plan import Plan, Tier
from drkit.model.quantities import format_duration
from drkit.model.step import RunKind, RunMode
from drkit.planning.consents import consent_risks
from drkit.planning.graph import Graph, build_graph
from drkit.planning.order import expected, longest_before, path_without, priorities, without
from drkit.planning.problems import run_problems

if TYPE_CHECKING:
    from drkit.reporting.head_start import HeadStart


@click.command()
@click.option(
    "--region",
    shell_complete=completion.regions,
    help="The site to rebuild; else the plan is only checked and shown.",
)
@plan_option
@click.option(
    "--failed",
    metavar="REGION",
    shell_complete=completion.regions,
    help="The region that is lost (or `global`); else every other site's counts as lost.",
)
@mode_option(
    default=RunMode.UNPLANNED, said="Whether the old site serves, and is closed by the run."
)
@click.option("--preview", is_flag=True, help="Ask Pulumi what each stack would create (slower).")
@output_option
def plan(
    region: str | None, plan_file: Path, failed: str | None, mode: str, preview: bool, output: str
) -> int:
    """Show what a rebuild would do: steps in order, owners, budgets, critical path.

    With --region also all that it will touch, each with the region that it lies in; and of a warm
    site what its standby has done, as the runs on this machine tell (with --preview the outside
    location is asked). Strict: any problem of the plan is shown, all at once, and ends with exit
    code 3; so is all that lies in the failed region.
    """
    from drkit.adapters.plan_yaml import files_of, load_plan
    from drkit.cli.reach import reach

    for option, given in (("--preview", preview), ("--failed", failed)):
        if given and region is None:
            raise UsageError(f"{option} is of one site", remedy="name it: --region R")
    loaded = load_plan(plan_file)
    touches = reach(loaded, region, failed) if region and region in loaded.sites else None
    found = run_problems(loaded, exists=files_of(loaded), region=region, mode=RunMode(mode))
    problems = (*found, *(touches.problems if touches else ()))
    if problems:
        raise ConfigurationError(f"{plan_file} cannot be run as it stands", problems=problems)
    graph = build_graph(loaded, RunKind.REBUILD, mode=RunMode(mode))
    shown = _shown(loaded, graph, region, preview=preview)
    if output == "json":
        made = _as_json(shown)
        click.echo(json.dumps(made | (touches.as_json() if touches else {}), indent=1))
    else:
        click.echo("\n".join([_as_text(shown), *(touches.lines() if touches else ())]))
    return int(Exit.OK)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """What is shown of a plan."""

    plan: Plan
    graph: Graph
    region: str | None
    previews: Mapping[str, str]
    """Stack → what Pulumi would do, where its inputs exist; else which stack it waits for."""
    head_start: HeadStart | None
    """Of a warm site."""

    @property
    def done(self) -> tuple[str, ...]:
        """The steps that its standby has done."""
        return self.head_start.done if self.head_start else ()

    @property
    def times(self) -> dict[str, timedelta]:
        return without(expected(self.graph), self.done)


def _shown(loaded: Plan, graph: Graph, region: str | None, *, preview: bool) -> _Shown:
    """With ``preview`` the cloud is asked."""
    previews: Mapping[str, str] = {}
    head_start = None
    if region is not None and preview:
        from drkit.previewing import head_start_outside, preview_stacks

        previews, head_start = preview_stacks(loaded, region), head_start_outside(loaded, region)
    elif region is not None and loaded.sites[region].tier is Tier.WARM:
        from drkit.adapters.standing_here import head_start_here

        head_start = head_start_here(loaded, region)
    return _Shown(plan=loaded, graph=graph, region=region, previews=previews, head_start=head_start)


def _as_text(shown: _Shown) -> str:
    loaded, graph, previews, times = shown.plan, shown.graph, shown.previews, shown.times
    ends, done = longest_before(graph, times), shown.done
    path = path_without(graph, times, done)
    urgency = priorities(graph, loaded)
    order = sorted(graph.steps, key=lambda name: (ends[name] - times[name], urgency[name]))
    rows = [("start", "step", "kind", "owner", "budget", "needs")]
    for name in order:
        step = graph.steps[name]
        budget = format_duration(step.budget) if step.budget else "–"
        mark = "✓" if name in done else "●" if name in path else " "
        preview = f"  [{previews[name]}]" if name in previews else ""
        needs = ", ".join(step.needs) + preview
        start = _offset(ends[name] - times[name])
        rows.append((start, f"{mark} {name}", step.kind, step.owner, budget, needs))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    lines = [
        "  ".join(
            [*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[5]]
        ).rstrip()
        for row in rows
    ]
    where = f" in {shown.region}" if shown.region else ""
    head = f"{loaded.shop}: a rebuild{where}, {len(graph.steps)} steps, at most {_total(ends)}"
    tail = [
        "",
        "● critical path; steps that start at the same time run side by side.",
        "Times are budgets, and 5s where a step has none.",
        *(shown.head_start.lines() if shown.head_start else ()),
        "",
        *_process_lines(loaded, ends),
        *(f"\nnotice: {risk}" for risk in consent_risks(loaded, graph)),
    ]
    return "\n".join([head, "", *lines, *tail])


def _process_lines(loaded: Plan, ends: dict[str, timedelta]) -> list[str]:
    width = max(map(len, loaded.processes), default=0)
    lines = []
    for process in loaded.processes.values():
        by = ends[f"live.{process.name}"]
        room = format_duration(process.rto - by)
        name = process.name.ljust(width)
        lines.append(
            f"{name}  back after {format_duration(by)} by budget, RTO"
            f" {format_duration(process.rto)}, room {room}; RPO {format_duration(process.rpo)},"
            f" {process.impact.per_day} a day"
        )
    return lines


def _as_json(shown: _Shown) -> dict[str, object]:
    loaded, graph, times = shown.plan, shown.graph, shown.times
    ends = longest_before(graph, times)
    return {
        "version": 1,
        "shop": loaded.shop,
        "region": shown.region,
        "standby": shown.head_start.as_json() if shown.head_start else None,
        "steps": [
            {
                "id": step.id,
                "kind": step.kind,
                "needs": list(step.needs),
                "owner": step.owner,
                "budget_seconds": step.budget.total_seconds() if step.budget else None,
                "start_seconds": (ends[step.id] - times[step.id]).total_seconds(),
                "processes": list(graph.processes[step.id]),
                "preview": shown.previews.get(step.id),
            }
            for step in graph.steps.values()
        ],
        "critical_path": path_without(graph, times, shown.done),
        "processes": {
            name: {
                "rto_seconds": process.rto.total_seconds(),
                "by_budget_seconds": ends[f"live.{name}"].total_seconds(),
            }
            for name, process in loaded.processes.items()
        },
        "notices": [
            {"place": risk.place, "message": risk.message, "remedy": risk.remedy}
            for risk in consent_risks(loaded, graph)
        ],
    }


def _offset(value: timedelta) -> str:
    seconds = int(value.total_seconds())
    return f"+{seconds // 60}:{seconds % 60:02d}"


def _total(ends: dict[str, timedelta]) -> str:
    return format_duration(max(ends.values(), default=timedelta(0)))
