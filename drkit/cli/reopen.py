"""``drkit reopen``: the old site given back, where a planned move was broken off."""

from __future__ import annotations

import json
from pathlib import Path

import click

from drkit.cli.options import output_option, plan_option
from drkit.errors import Exit


@click.command()
@plan_option
@click.option("--reason", default="", help="Why; recorded in the journal of the move.")
@output_option
def reopen(plan_file: Path, reason: str, output: str) -> int:
    """Give the old site back to its customers, after a planned move that was broken off.

    Refused once the move has sent them elsewhere. The move is over then: another one begins anew.
    Ctrl-C once lets it come to its end; twice, or `drkit abort` of the move or of the site that it
    was to, ends it now, with 8: what was opened stays open, and the same command opens the rest.
    """
    from drkit.adapters.plan_yaml import load_plan
    from drkit.cli.interrupts import Interrupts
    from drkit.reopening import reopen as open_again

    plan = load_plan(plan_file)
    log = plan.root / ".drkit" / "reopen.log"
    site = open_again(
        plan,
        reason=reason,
        say=lambda line: click.echo(f"  {line}", err=True),
        log=log,
        stop=Interrupts().stop,
    )
    document = json.dumps({"version": 1, "site": site})
    click.echo(document if output == "json" else f"{site} serves again")
    return int(Exit.OK)
