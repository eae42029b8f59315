"""``drkit journal show | verify``: the record of a run, and whether it holds together."""

from __future__ import annotations

import json
from pathlib import Path

import click

from drkit.cli import completion
from drkit.cli.options import plan_option

_RUN = click.argument("run", required=False, shell_complete=completion.runs)


@click.group()
def journal() -> None:
    """Show the journal of a run, or verify it."""


@journal.command()
@_RUN
@plan_option
def show(run: str | None, plan_file: Path) -> int:
    """Print every record of RUN (the newest, if none is named), one JSON object a line.

    Of this machine's copy; `drkit status` and `drkit watch` look outside as well.
    """
    from drkit.adapters.codec import format_time, to_json
    from drkit.adapters.runs_folder import RunsFolder
    from drkit.model.record import KINDS

    kind_of = {cls: kind for kind, cls in KINDS.items()}
    for record in RunsFolder(plan_file.resolve().parent).records(run):
        line = {
            "seq": record.seq,
            "at": format_time(record.at),
            "kind": kind_of[type(record.body)],
            "body": to_json(record.body),
        }
        click.echo(json.dumps(line, ensure_ascii=False))
    return 0


@journal.command()
@_RUN
@plan_option
def verify(run: str | None, plan_file: Path) -> int:
    """Check that no record of RUN was changed, taken out, added or moved, here and outside.

    Ends with 11, and the place, if one was; also where the two copies contradict each other.
    """
    from drkit.afar import Afar
    from drkit.api import load_plan
    from drkit.errors import JournalDamaged

    afar = Afar(load_plan(plan_file))
    found = afar.copies(run)
    for copy in found:
        click.echo(f"{copy.place}: {len(copy.records)} records, the chain holds")
    first, *others = found
    for other in others:
        short, long = sorted((first, other), key=lambda copy: len(copy.records))
        if short.records != long.records[: len(short.records)]:
            raise JournalDamaged(
                f"{first.place} and {other.place} contradict each other",
                remedy="the one outside is the lease owner's; the same command brings it here",
            )
        missing = len(long.records) - len(short.records)
        if missing:
            click.echo(f"{short.place} lacks the last {missing}")
    return 0
