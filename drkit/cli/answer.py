"""``drkit approve`` and ``drkit refuse``: a signed answer to a gate, from anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from drkit.cli import completion
from drkit.cli.options import plan_option, with_all

_OPTIONS = (
    click.argument("run", shell_complete=completion.runs),
    click.argument("step", shell_complete=completion.steps),
    click.option("--as", "person", required=True, help="Who you are in `people` of the plan."),
    click.option(
        "--key",
        type=click.Path(path_type=Path, dir_okay=False),
        default=Path.home() / ".ssh" / "id_ed25519",
        show_default="~/.ssh/id_ed25519",
        help="Your ed25519 key; its .pub if the ssh agent holds it.",
    ),
    click.option("--comment", default="", help="In your words. Recorded."),
    plan_option,
)


@click.command()
@with_all(_OPTIONS)
def approve(**options: Any) -> int:
    """Say yes to gate STEP of RUN, signed with your ssh key.

    Shows what the run has measured first. The run takes the answer within seconds, or when the same
    command is given again.
    """
    return _left(options, consent=True)


@click.command()
@with_all(_OPTIONS)
def refuse(**options: Any) -> int:
    """Say no to gate STEP of RUN, signed with your ssh key. One no is enough."""
    return _left(options, consent=False)


def _left(options: Mapping[str, Any], *, consent: bool) -> int:
    from drkit.afar import Afar, Given
    from drkit.api import load_plan

    run, step, person = options["run"], options["step"], options["person"]
    afar = Afar(load_plan(options["plan_file"]))
    known = afar.known(run)
    click.echo(afar.facts(known), err=True)
    given = Given(
        consent=consent, comment=options["comment"], at=datetime.now(UTC), key=options["key"]
    )
    afar.answer(known, step, person=person, given=given)
    click.echo(f"{'yes' if consent else 'no'} to {step} of {run}, signed by {person}")
    return 0
