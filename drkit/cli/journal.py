"""``drkit journal show | verify``: the record of a run, and whether it holds together."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from drkit.cli import completion
from drkit.cli.options import output_option, plan_option

if TYPE_CHECKING:
    from drkit.verifying import Verified

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
@output_option
@plan_option
def verify(run: str | None, output: str, plan_file: Path) -> int:
    """Check that no record of RUN was changed, taken out, added, moved or cut off, here and
    outside, and that each part is signed by the owner that it names.

    Says who they are: compare their keys. Ends with 11, and the place, if something is wrong; also
    where the two copies contradict each other.
    """
    from drkit.api import load_plan
    from drkit.errors import JournalDamaged
    from drkit.verifying import verify as verified

    found = verified(load_plan(plan_file), run)
    if output == "json":
        click.echo(json.dumps(_shape(found), indent=1))
    for line in _said(found) if output == "text" else ():
        click.echo(line)
    if found.damage:
        raise JournalDamaged(
            "\n".join(str(error) for error in found.damage),
            remedy="; ".join(dict.fromkeys(e.remedy for e in found.damage if e.remedy)),
        )
    return 0


def _shape(found: Verified) -> Mapping[str, object]:
    from drkit.adapters.heads import fingerprint

    return {
        "version": 1,
        "run": found.run,
        "copies": [
            {"place": copy.place, "records": copy.records, "unsigned": copy.unsigned}
            for copy in found.copies
        ],
        "owners": [
            {
                "first": hand.first,
                "operator": hand.operator,
                "key": fingerprint(hand.key) if hand.key else None,
                "this_place": hand.key == found.own_key,
                "vouched_for_by": list(found.vouched.get(hand.key, ())),
            }
            for hand in found.hands
        ],
        "heads": [
            {"seen": seen, "records": signed.head.records, "key": fingerprint(signed.key)}
            for seen, signed in found.heads.items()
        ],
        "damage": [str(error) for error in found.damage],
    }


def _said(found: Verified) -> Iterator[str]:
    from drkit.adapters.heads import fingerprint

    for copy in found.copies:
        yield f"{copy.place}: {copy.records} records, the chain holds"
        if copy.unsigned:
            yield f"  records 0 to {copy.unsigned - 1} were not signed when they were written"
        missing = max(other.records for other in found.copies) - copy.records
        if missing:
            yield f"  lacks the last {missing}"
    for hand in found.hands:
        here = ", this place" if hand.key == found.own_key else ""
        who = f"{fingerprint(hand.key)}{here}" if hand.key else "without a key"
        yield f"from record {hand.first} by {hand.operator}, {who}"
        names = " and ".join(found.vouched.get(hand.key, ())) or "nobody"
        yield f"  vouched for by {names}"
    for seen, signed in found.heads.items():
        yield f"{seen}: a head of {signed.head.records} records"
