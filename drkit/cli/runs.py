"""``drkit deploy``, ``rebuild``, ``resume``, ``validate`` and ``standby``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click

from drkit.cli import completion
from drkit.cli.interrupts import Interrupts
from drkit.cli.options import Duration, Pair, When, as_mapping, mode_option, plan_option, with_all
from drkit.compose import Opened, Parts
from drkit.errors import UsageError
from drkit.model.plan import Plan
from drkit.model.step import RunKind, RunMode
from drkit.ports import Consent, Observer

if TYPE_CHECKING:
    from drkit.cli.outlook import Outlook

_REGION = click.option(
    "--region",
    required=True,
    shell_complete=completion.regions,
    help="The site to build: a region of the plan.",
)
_ACCEPT = click.option(
    "--accept",
    multiple=True,
    metavar="PROBLEM",
    help="Go on in spite of a problem; what it affects is not run. Repeatable.",
)
_REASON = click.option(
    "--reason",
    default="",
    help="Why, for --accept, --skip, --from and all else that asks for it. Recorded.",
)
_MAX_PARALLEL = click.option(
    "--max-parallel",
    type=click.IntRange(1, 64),
    default=8,
    show_default=True,
    help="How many steps may run side by side.",
)
_OUTPUT = click.option(
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="What stdout carries; progress is on stderr.",
)
_OPTIONS = (
    plan_option,
    click.option(
        "--consent",
        type=Pair(),
        multiple=True,
        metavar="STEP=PERSON",
        shell_complete=completion.consents,
        help="Answer a gate beforehand. Unsigned, and recorded as such. Repeatable.",
    ),
    _ACCEPT,
    click.option(
        "--skip",
        multiple=True,
        metavar="STEP",
        shell_complete=completion.steps,
        help="Take a step as done; what it would prove is not proven. Repeatable.",
    ),
    click.option(
        "--from",
        "first",
        metavar="STEP",
        shell_complete=completion.steps,
        help="Begin with STEP: what it needs, and is not done, is skipped.",
    ),
    click.option(
        "--retry",
        "again",
        multiple=True,
        metavar="STEP",
        shell_complete=completion.steps,
        help="Run a step again that is done or was skipped. Repeatable.",
    ),
    click.option(
        "--accept-plan-change",
        is_flag=True,
        help="Carry on with an unfinished run although the plan has changed.",
    ),
    _REASON,
    _MAX_PARALLEL,
    _OUTPUT,
)
"""Of every command that runs a plan."""


_MODE = mode_option(
    default=None,
    said="planned: the old site serves; it is closed and caught up first, so that nothing is lost."
    " unplanned: it is lost. Else as the run that is carried on with; a new one is unplanned.",
)


@click.command()
@_REGION
@with_all(_OPTIONS)
def deploy(**options: Any) -> int:
    """Bring the shop up for the first time: stores are created where a rebuild restores them.

    Refused where a recovery point or an epoch exists.
    """
    return _run(RunKind.DEPLOY, **options)


@click.command()
@_REGION
@with_all(_OPTIONS)
@_MODE
@click.option("--since", type=When(), help="When customers lost the shop; else the probe's word.")
@click.option("--to", "recover_to", type=When(), help="Restore to this moment: before a mistake.")
@click.option(
    "--new-generation",
    is_flag=True,
    help="Leave what was built and never opened as it is, and build beside it.",
)
def rebuild(**options: Any) -> int:
    """Rebuild the shop in REGION, prove that it works, and send the customers there.

    Running the same command again carries on with an unfinished run. With a changed plan it begins
    another one, and says so. With --new-generation (and a --reason) it leaves the unfinished run
    behind with all that it built; `drkit reap` removes that later.
    """
    return _run(RunKind.REBUILD, **options)


@click.command()
@click.argument("run", shell_complete=completion.runs)
@with_all(_OPTIONS)
@_MODE
def resume(run: str, **options: Any) -> int:
    """Carry on with RUN from where it stopped, and begin no other.

    What is done is not repeated; what was in flight is looked at first. Where the plan is not the
    one that it began with, refused with the differences, unless they are accepted.
    """
    from drkit.afar import site_of_run
    from drkit.api import load_plan

    kind, region = site_of_run(load_plan(options["plan_file"]), run)
    return _run(kind, region=region, resumes=run, **options)


@click.command()
@_REGION
@with_all((plan_option, _ACCEPT, _REASON, _MAX_PARALLEL, _OUTPUT))
@click.option(
    "--keep",
    type=Duration(),
    help="Let the copy stand for so long (2h) to look around in it; whoever comes later takes it"
    " away.",
)
def validate(**options: Any) -> int:
    """Prove that the shop could be rebuilt in REGION now, and touch nobody.

    Builds an isolated copy there from the newest backups by the steps of a rebuild, runs every
    check and every journey, says how long each process would have been down and what would have
    been lost, and takes the copy away again. What an earlier validation has left goes first.
    """
    return _run(RunKind.VALIDATE, **options)


@click.command()
@_REGION
@with_all((plan_option, _ACCEPT, _REASON, _MAX_PARALLEL, _OUTPUT))
def standby(**options: Any) -> int:
    """Bring the standby in REGION up, or up to date: the beginning of a rebuild, done beforehand.

    For a site of `tier: warm`. Runs the stacks and the playbooks that a restore waits for; restores
    nothing, asks nobody and opens nothing. `drkit rebuild` goes on from what stands. Where all is
    as it should be, nothing changes.
    """
    return _run(RunKind.STANDBY, **options)


def _run(kind: RunKind, **options: Any) -> int:
    from drkit.api import Options, load_plan, run_plan
    from drkit.reporting.summary import summary
    from drkit.run import Company

    plan = load_plan(options["plan_file"])
    chosen = Options(
        consent=as_mapping(options.get("consent", ())),
        accept=_accepted(options["accept"], options["reason"]),
        skip=dict.fromkeys(options.get("skip", ()), options["reason"]),
        again=options.get("again", ()),
        first=options.get("first"),
        reason=options["reason"],
        resumes=options.get("resumes", ""),
        accept_plan_change=options.get("accept_plan_change", False),
        mode=RunMode(options["mode"]) if options.get("mode") else None,
        new_generation=options.get("new_generation", False),
        keep=options.get("keep"),
        max_parallel=options["max_parallel"],
        since=options.get("since"),
        recover_to=options.get("recover_to"),
    )
    outlook = _outlook(plan)
    company = Company(
        observer=console(outlook),
        consent=_consent(chosen.consent, plan),
        stop=Interrupts().stop,
        may_wait=sys.stdin.isatty(),
    )
    done = run_plan(kind, plan, region=options["region"], options=chosen, company=company)
    click.echo(done.files.shown(options["output"]))
    for name in done.files.names:
        click.echo(f"report: {name}", err=True)
    if kind is RunKind.VALIDATE:
        click.echo(summary(done.compared), err=True)
    return int(done.report.exit)


def _accepted(names: tuple[str, ...], reason: str) -> Mapping[str, str]:
    if names and not reason.strip():
        raise UsageError("--accept needs a --reason: it is recorded")
    return dict.fromkeys(names, reason)


def _outlook(plan: Plan) -> Outlook:
    """The time ahead, by the earlier runs on this machine."""
    from drkit.adapters.runs_folder import RunsFolder
    from drkit.cli.outlook import Outlook, expecting

    runs = RunsFolder(plan.root)
    return Outlook(expecting(plan, lambda began: runs.all_of(began.kind)))


def console(outlook: Outlook) -> Observer:
    """Who shows progress on stderr: a living table on a terminal, else plain lines."""
    if sys.stderr.isatty():
        from drkit.cli.live import LiveConsole

        return LiveConsole(outlook)
    from drkit.cli.console import PlainConsole

    return PlainConsole(outlook)


def _consent(given: Mapping[str, str], plan: Plan) -> Callable[[Opened, Parts], Consent]:
    from drkit.adapters.consent import GivenConsent, TerminalConsent
    from drkit.adapters.question import CutoverQuestion
    from drkit.adapters.runs_folder import JOURNAL

    def make(opened: Opened, parts: Parts) -> Consent:
        first = GivenConsent(plan, given)
        if not sys.stdin.isatty():
            return first
        question = CutoverQuestion(plan, parts.target, opened.world, parts.folder / JOURNAL)
        return TerminalConsent(
            plan, text=question.text, doubt=question.doubt, first=first, run=parts.run
        )

    return make
