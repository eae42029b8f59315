"""``drkit backup``: a backup of the serving site now."""

from __future__ import annotations

import json
from pathlib import Path

import click

from drkit.cli.options import output_option, plan_option
from drkit.errors import Exit, StepError


@click.command()
@plan_option
@click.option(
    "--type",
    "kind",
    type=click.Choice(["full", "diff", "incr"]),
    default="full",
    show_default=True,
    help="Full, differential or incremental.",
)
@output_option
def backup(plan_file: Path, kind: str, output: str) -> int:
    """Take a backup of the serving site's database now, to both repositories."""
    from drkit.adapters.plan_yaml import load_plan
    from drkit.model.step import PlaybookWork
    from drkit.tending import tend

    plan = load_plan(plan_file)
    work = PlaybookWork(playbook="backup", hosts="all", settings={"backup_type": kind})
    log = plan.root / ".drkit" / "backup.log"
    outcome = tend(plan, work, say=lambda line: click.echo(f"  {line}", err=True), log=log)
    if not outcome.done:
        raise StepError(f"the backup failed: {outcome.message}", remedy=f"all it said: {log}")
    if output == "json":
        click.echo(json.dumps(dict(outcome.facts)))
    else:
        label, stopped = outcome.facts.get("label"), outcome.facts.get("stopped")
        click.echo(f"{kind} backup {label}, complete to {stopped}")
    return int(Exit.OK)
