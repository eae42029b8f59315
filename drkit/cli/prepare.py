"""``drkit prepare``: what is global or outside is made once, before any disaster (law 8)."""

from __future__ import annotations

from pathlib import Path

import click

from drkit.cli.options import plan_option
from drkit.errors import Exit


@click.command()
@plan_option
def prepare(plan_file: Path) -> int:
    """Make what is global or outside, once: buckets, zone, identities, epoch 0.

    Safe to repeat. No rebuild creates or changes any of it.
    """
    from drkit.adapters.plan_yaml import load_plan
    from drkit.preparing import prepare as prepare_outside

    prepare_outside(load_plan(plan_file), say=lambda line: click.echo(line, err=True))
    return int(Exit.OK)
