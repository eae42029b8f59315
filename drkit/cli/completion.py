"""What the shell is offered after an option: regions and gates of the plan, runs that are here.

A plan that cannot be read, or no plan at all, offers nothing: completion never says an error.
"""

from __future__ import annotations

from pathlib import Path

import click

from drkit.errors import DrkitError
from drkit.model.plan import Plan


def regions(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """The sites of the plan."""
    del param
    plan = _plan(ctx)
    return [name for name in (plan.sites if plan else ()) if name.startswith(incomplete)]


def consents(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """``GATE=PERSON`` for whoever may answer it."""
    del param
    plan = _plan(ctx)
    if plan is None:
        return []
    pairs = [
        f"{entry.name}={person.name}"
        for entry in plan.steps.values()
        for person in plan.people.values()
        if entry.gate and entry.gate in person.roles
    ]
    return [pair for pair in pairs if pair.startswith(incomplete)]


def steps(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """The steps of a rebuild of the plan."""
    from drkit.model.step import RunKind
    from drkit.planning.graph import build_graph

    del param
    plan = _plan(ctx)
    try:
        names = build_graph(plan, RunKind.REBUILD).steps if plan else {}
    except DrkitError:
        return []
    return [name for name in names if name.startswith(incomplete)]


def runs(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """The runs beside the plan, newest first."""
    from drkit.adapters.runs_folder import RunsFolder

    del param
    names = RunsFolder(_file(ctx).parent).names()
    return [name for name in names if name.startswith(incomplete)]


def _file(ctx: click.Context) -> Path:
    return Path(ctx.params.get("plan_file") or "drkit.yaml")


def _plan(ctx: click.Context) -> Plan | None:
    from drkit.adapters.plan_yaml import load_plan

    try:
        return load_plan(_file(ctx))
    except DrkitError:
        return None
