"""``drkit reap``: what is there of a site's generations, and the removal of one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from drkit.cli import completion
from drkit.cli.options import output_option, plan_option
from drkit.errors import Exit, UsageError

if TYPE_CHECKING:
    from drkit.destroying import Reaped
    from drkit.reaping import Found


@click.command()
@click.argument("region", shell_complete=completion.regions)
@click.option("--generation", type=click.IntRange(min=1), help="Only this one.")
@click.option(
    "--expired",
    is_flag=True,
    help="Only copies of validations that died, or whose --keep is over.",
)
@click.option("--reason", default="", help="Why; recorded, and needed where customers were on it.")
@click.option("--yes", is_flag=True, help="Destroy it; without, nothing is touched.")
@output_option
@plan_option
def reap(region: str, generation: int | None, expired: bool, yes: bool, **options: Any) -> int:
    """List what is there of the generations of REGION; with --yes, destroy one (--generation), or
    all that validations left (--expired).

    Refused: the one that serves, and one that a run has built and may still open. What could not be
    removed is named, and ends with 6.
    """
    from drkit.adapters.plan_yaml import load_plan
    from drkit.reaping import Reaper

    _check(region, generation, expired=expired, yes=yes)
    output = options["output"]
    reaper = Reaper(load_plan(options["plan_file"]), region)
    found = reaper.expired() if expired else reaper.found(generation)
    if not yes:
        click.echo(_json([_found(each) for each in found]) if output == "json" else _listed(found))
        return int(Exit.OK)
    done = [reaper.reap(each.target.generation, _say, reason=options["reason"]) for each in found]
    if output == "json":
        said = [_reaped(reaped) for reaped in done]
        click.echo(_json(said if expired else said[0]))
    else:
        lines = [line for reaped in done for line in _came(reaped)]
        click.echo("\n".join(lines) or "no validation has left anything")
    return int(Exit.STEP_FAILED if any(reaped.stays for reaped in done) else Exit.OK)


def _say(line: str) -> None:
    click.echo(f"  {line}", err=True)


def _check(region: str, generation: int | None, *, expired: bool, yes: bool) -> None:
    if expired and generation is not None:
        raise UsageError("--expired or --generation, not both", remedy="leave one of the two out")
    if yes and generation is None and not expired:
        raise UsageError(
            "--yes needs a --generation: one is removed at a time",
            remedy=f"`drkit reap {region}` lists those that there are; --expired takes all that"
            " validations left",
        )


def _json(said: list[dict[str, Any]] | dict[str, Any]) -> str:
    shape = {"generations": said} if isinstance(said, list) else said
    return json.dumps({"version": 1, **shape}, indent=1)


def _found(found: Found) -> dict[str, Any]:
    from drkit.adapters.codec import format_time

    left = found.left
    return {
        "name": found.target.name,
        "generation": found.target.generation,
        "opened": found.opened,
        "stands_by": found.stands_by,
        "left": {
            "at": format_time(left.at),
            "reason": left.reason,
            "operator": left.operator,
            "run": left.run or None,
        }
        if left
        else None,
        "refused": found.refused or None,
        "stacks": [
            {"project": each.project, "resources": list(each.resources), "note": each.note or None}
            for each in found.remains
        ],
    }


def _listed(found: tuple[Found, ...]) -> str:
    lines = [line for each in found for line in _lines(each)]
    return "\n".join([*lines, "nothing was touched"]) if lines else "no generation holds anything"


def _lines(found: Found) -> Iterator[str]:
    words = ["opened to customers"] if found.opened else ["never opened"]
    words += ["the warm standby"] if found.stands_by else []
    if found.left:
        words.append(f"left behind by {found.left.operator}: {found.left.reason}")
    yield f"{found.target.name}: {', '.join(words)}"
    for each in found.remains:
        note = f" ({each.note})" if each.note else ""
        yield f"  {each.project}: {len(each.resources)} resources{note}"
        yield from (f"    {resource}" for resource in each.resources)
    target = found.target
    way = f"drkit reap {target.region} --generation {target.generation} --yes"
    way += " --reason WHY" if found.opened else ""
    yield f"  stays: {found.refused}" if found.refused else f"  `{way}` destroys all of it"


def _reaped(reaped: Reaped) -> dict[str, Any]:
    return {
        "name": reaped.target.name,
        "removed": dict(reaped.removed),
        "stays": dict(reaped.stays),
    }


def _came(reaped: Reaped) -> Iterator[str]:
    yield f"{reaped.target.name}: {sum(reaped.removed.values())} resources are gone"
    for stack, why in reaped.stays.items():
        yield f"  {stack} is not, or not wholly: {why}"
