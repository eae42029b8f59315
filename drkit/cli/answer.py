"""``drkit approve`` and ``drkit refuse``: a signed answer to a gate, from anywhere."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from drkit.cli import completion
from drkit.cli.options import plan_option, with_all
from drkit.errors import UsageError
from drkit.ports import Secret

if TYPE_CHECKING:
    from drkit.afar import Afar
    from drkit.answering import Given

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
@click.option(
    "--break-glass",
    "breaks",
    is_flag=True,
    help="A sealed code, asked for or read from stdin, stands in for a missing second person.",
)
def approve(breaks: bool, **options: Any) -> int:
    """Say yes to gate STEP of RUN, signed with your ssh key.

    Shows what the run has measured first. The run takes the answer within seconds, or when the same
    command is given again. Where `drkit reap` asks, RUN and STEP are as it says, and what would be
    destroyed is shown.
    """
    return _left(options, consent=True, breaks=breaks)


@click.command()
@with_all(_OPTIONS)
def refuse(**options: Any) -> int:
    """Say no to gate STEP of RUN, signed with your ssh key. One no is enough."""
    return _left(options, consent=False)


def _left(options: Mapping[str, Any], *, consent: bool, breaks: bool = False) -> int:
    from drkit.adapters.removals import removal_named
    from drkit.afar import Afar
    from drkit.api import load_plan

    afar = Afar(load_plan(options["plan_file"]))
    answer = _to_removal if removal_named(options["run"]) else _to_run
    return answer(afar, options, consent=consent, breaks=breaks)


def _given(options: Mapping[str, Any], *, consent: bool, breaks: bool) -> Given:
    """What the person says, who has been shown what it is about; a sealed code is asked for."""
    from drkit.answering import Given

    return Given(
        consent=consent,
        comment=options["comment"],
        code=_code() if breaks else None,
        at=datetime.now(UTC),
        key=options["key"],
    )


def _to_run(afar: Afar, options: Mapping[str, Any], *, consent: bool, breaks: bool) -> int:
    from drkit.answering import answer_gate

    run, step, person = options["run"], options["step"], options["person"]
    known = afar.known(run)
    click.echo(afar.facts(known), err=True)
    given = _given(options, consent=consent, breaks=breaks)
    broken = answer_gate(afar, known, step, person=person, given=given)
    _say(options, given, broken)
    if not known.at_work:
        click.echo(
            f"nobody works on {run} now: the answer is kept, and counts once it is carried on"
            f" (`drkit resume {run}`) and the gate is asked in time"
        )
    return 0


def _to_removal(afar: Afar, options: Mapping[str, Any], *, consent: bool, breaks: bool) -> int:
    from drkit.answering import answer_removal, found_by_name
    from drkit.cli.reap import asked_lines, found_lines

    found = found_by_name(afar, options["run"], options["step"])
    asked = asked_lines(found.asked) if found.asked else ()
    click.echo("\n".join([*found_lines(found), *asked]), err=True)
    given = _given(options, consent=consent, breaks=breaks)
    broken = answer_removal(afar, found, person=options["person"], given=given)
    _say(options, given, broken)
    target = found.target
    click.echo(
        "the answer is kept, and counts when this is given again: `drkit reap"
        f" {target.region} --generation {target.generation} --yes --reason WHY`"
    )
    return 0


def _say(options: Mapping[str, Any], given: Given, broken: str) -> None:
    word = "yes" if given.consent else "no"
    click.echo(f"{word} to {options['step']} of {options['run']}, signed by {options['person']}")
    if broken:
        click.echo(
            f"BREAK GLASS: the sealed code {broken} stands in for a missing person, and is used up;"
            " `drkit break-glass new` makes another"
        )


def _code() -> Secret:
    """Never an argument: whoever lists the processes of a machine sees those."""
    if sys.stdin.isatty():
        return Secret(click.prompt("sealed code", hide_input=True, err=True))
    typed = sys.stdin.readline().strip()
    if not typed:
        raise UsageError("no code came on stdin", remedy="type it at the prompt, or pipe it in")
    return Secret(typed)
