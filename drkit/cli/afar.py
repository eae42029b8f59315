"""``drkit runs``, ``status``, ``watch``, ``abort``, ``takeover``: a run seen from anywhere."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from drkit.cli import completion
from drkit.cli.options import output_option, plan_option

if TYPE_CHECKING:
    from drkit.afar import Afar, Known
    from drkit.cli.outlook import Expecting
    from drkit.model.plan import Plan
    from drkit.model.record import Record, RunBegan
    from drkit.reporting.forecast import Forecast

_LOOK = 1.0
"""Seconds between two looks of `drkit watch`."""


_RUN = click.argument("run", required=False, shell_complete=completion.runs)
_NAMED = click.argument("run", shell_complete=completion.runs)


@click.command()
@click.option(
    "--last",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="How many to list: the newest.",
)
@output_option
@plan_option
def runs(last: int, output: str, plan_file: Path) -> int:
    """List the runs of this plan, newest first: how each stands, and who works on it."""
    afar = _afar(plan_file)
    found = [_summary(afar.known(name)) for name in afar.runs()[:last]]
    if output == "json":
        click.echo(json.dumps({"version": 1, "runs": found}, indent=1))
    elif not found:
        click.echo("no run yet: `drkit rebuild --region R` starts one")
    for entry in found if output == "text" else ():
        who = f"  {entry['holder']['operator']}" if entry["holder"] else ""
        click.echo(f"{entry['run']:<44}  {entry['stand']}{who}")
    return 0


@click.command()
@_RUN
@output_option
@plan_option
def status(run: str | None, output: str, plan_file: Path) -> int:
    """Say how RUN (the newest, if none is named) stands, step by step, and who works on it.

    And when each process is expected back, by earlier runs and budgets, against its RTO.
    """
    from drkit.api import load_plan
    from drkit.cli.forecast import as_json

    plan = load_plan(plan_file)
    afar = _afar_of(plan)
    known = afar.known(run)
    ahead = _forecast(_expecting(afar, plan), known)
    said = {
        **_summary(known),
        "forecast": as_json(ahead) if ahead else None,
        "steps": list(_steps(known)),
    }
    if output == "json":
        click.echo(json.dumps({"version": 1, **said}, indent=1))
        return 0
    click.echo(f"{known.run}: {said['stand']}")
    if holder := said["holder"]:
        held = "held" if known.at_work else "last held"
        click.echo(
            f"{held} by {holder['operator']} ({holder['place']}) since {holder['since']};"
            f" last sign of life {holder['age_s']} s ago"
        )
    if known.damage:
        click.echo(known.damage)
    for words in _processes(known, ahead):
        click.echo(words)
    for step in said["steps"]:
        click.echo(f"  {step['state']:<9} {step['id']:<28} {step['message']}".rstrip())
    return 0


@click.command()
@_RUN
@plan_option
def watch(run: str | None, plan_file: Path) -> int:
    """Follow RUN (the newest, if none is named) until it ends; Ctrl-C ends the watching only."""
    from drkit.api import load_plan
    from drkit.cli.outlook import Outlook
    from drkit.cli.runs import console
    from drkit.model.record import RunEnded

    plan, told = load_plan(plan_file), 0
    afar = _afar_of(plan)
    observer = console(Outlook(_expecting(afar, plan)))
    name = afar.known(run).run
    while True:
        known = afar.known(name)
        for record in known.records[told:]:
            observer.recorded(record)
        told = max(told, len(known.records))
        last = known.records[-1].body if known.records else None
        if known.damage or isinstance(last, RunEnded) or not known.at_work:
            click.echo(f"{name}: {_summary(known)['stand']}")
            return 0
        observer.ticked(datetime.now(UTC))
        time.sleep(_LOOK)


@click.command()
@_NAMED
@plan_option
def abort(run: str, plan_file: Path) -> int:
    """End the running steps of RUN (or of whatever runs for that region), wherever it runs.

    Its drkit obeys with its next sign of life, every 5 seconds, and records what is unknown. A site
    that is open stays open, one that is closed stays closed.
    """
    from drkit.adapters.lease import EVERY

    who = _afar(plan_file).abort(run)
    click.echo(f"asked {who} to end it: obeyed within {int(EVERY.total_seconds())} s if it lives")
    return 0


@click.command()
@_NAMED
@click.option("--reason", required=True, help="Why. Recorded, and shown to whoever had the run.")
@plan_option
def takeover(run: str, reason: str, plan_file: Path) -> int:
    """Move RUN (or whatever runs for that region) to this machine, whoever has it.

    Whoever had it records nothing more, and ends what it runs as soon as it wakes up. Then the same
    command (`drkit rebuild --region R`) carries on from here.
    """
    afar = _afar(plan_file)
    before = afar.take_over(run, reason=reason)
    click.echo(f"{run} was {before}'s and is yours: run the same command, it carries on")
    return 0


def _afar(plan_file: Path) -> Afar:
    from drkit.api import load_plan

    return _afar_of(load_plan(plan_file))


def _afar_of(plan: Plan) -> Afar:
    from drkit.afar import Afar

    return Afar(plan)


def _expecting(afar: Afar, plan: Plan) -> Expecting:
    """By the earlier runs, wherever they are known: the same on every machine."""
    from drkit.adapters.runs_folder import kind_of
    from drkit.cli.outlook import expecting

    def earlier(began: RunBegan) -> Iterator[tuple[Record, ...]]:
        for run in afar.runs():
            if any(kind_of(run, site) == began.kind for site in plan.sites):
                yield afar.known(run).records

    return expecting(plan, earlier)


def _forecast(expecting: Expecting, known: Known) -> Forecast | None:
    """None of what has no records."""
    from drkit.engine.progress import run_of
    from drkit.reporting.forecast import forecast

    if run_of(known.records) is None:
        return None
    return forecast(
        known.records, expecting(known.records), datetime.now(UTC), at_work=known.at_work
    )


def _processes(known: Known, ahead: Forecast | None) -> Iterator[str]:
    """Each process in a line, with what would help where it will be late."""
    from drkit.cli.forecast import advice, basis, line

    if ahead is None:
        return
    if ahead.sources and not known.at_work:
        yield "nobody works on it: what follows is true if it is carried on with now"
    for process in ahead.processes:
        yield f"  {process.name:<14} {line(process, ahead.at)}"
        if process.late and not process.live and (words := advice(process)):
            yield f"  {'':<14} to be sooner: {words}"
    if words := basis(ahead):
        yield f"  {'':<14} {words}"


def _summary(known: Known) -> dict[str, Any]:
    from drkit.adapters.codec import format_time
    from drkit.afar import standing

    return {
        "run": known.run,
        "region": known.region,
        "stand": standing(known),
        "began": format_time(known.records[0].at) if known.records else None,
        "last_record": format_time(known.records[-1].at) if known.records else None,
        "records": len(known.records),
        "holder": _holder(known),
    }


def _holder(known: Known) -> Mapping[str, object] | None:
    from drkit.adapters.codec import format_time

    if known.lease is None:
        return None
    holder = known.lease.holder
    return {
        "operator": holder.operator,
        "place": holder.place,
        "since": format_time(holder.since),
        "age_s": int(known.lease.age.total_seconds()),
        "released": holder.released,
    }


def _steps(known: Known) -> Iterator[Mapping[str, str]]:
    """Each step's state now. One that was begun and did not end runs while somebody is at work."""
    from drkit.model.outcome import State
    from drkit.model.quantities import format_duration
    from drkit.reporting.report import report

    if not known.records:
        return
    for step in report(known.records).steps:
        running = known.at_work and step.state is State.UNKNOWN and step.ended is None
        state = State.RUNNING if running else step.state
        left = step.until - datetime.now(UTC) if step.until else None
        message = step.message
        if left is not None:
            message += f", {format_duration(max(left, timedelta(0)))} left"
        yield {"id": step.id, "state": str(state), "message": message}
