"""``drkit break-glass``: makes the sealed codes. They are shown once, and kept nowhere."""

from __future__ import annotations

import json

import click

from drkit.cli.options import output_option


@click.group()
def break_glass() -> None:
    """Sealed codes, each of which stands in once for a missing second person at a gate.

    Used by `drkit approve RUN STEP --as NAME --break-glass`.
    """


@break_glass.command()
@click.option(
    "--count",
    type=click.IntRange(1, 50),
    default=3,
    show_default=True,
    help="How many codes.",
)
@output_option
def new(count: int, output: str) -> int:
    """Make codes for envelopes, and the seals of them for the plan. Shown this once.

    A code is 100 random bits. A seal does not give its code away: it may stand in the repository.
    """
    from drkit.adapters.break_glass import new_code, seal, seal_name

    codes = [new_code() for _ in range(count)]
    made = [(code.reveal(), seal(code)) for code in codes]
    if output == "json":
        shape = [{"name": seal_name(s), "code": code, "seal": s} for code, s in made]
        click.echo(json.dumps({"version": 1, "codes": shape}, indent=1))
        return 0
    click.echo("Codes, one for each envelope, its name outside. They are not shown again:\n")
    for code, made_of_it in made:
        click.echo(f"  {seal_name(made_of_it)}   {code}")
    click.echo("\nSeals, for the plan:\n\nbreak-glass:")
    for _, made_of_it in made:
        click.echo(f"  - {made_of_it}  # {seal_name(made_of_it)}")
    return 0
