"""The command line: a client of the library. Each group of commands is a module of its own.

Commands are imported when they are called for, so that ``drkit --help`` answers at once. Here is
the only catch-all of drkit: our own errors, an interrupt, and what nobody expected.
"""

from __future__ import annotations

import errno
import importlib
import os
import sys
from collections.abc import Mapping
from typing import NoReturn

import click
from click.shell_completion import CompletionItem

from drkit.errors import ConfigurationError, DrkitError, Exit

_THE_MACHINE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EMFILE}
"""Trouble of this machine's, not of drkit's: no room, no right, no more files."""

COMMANDS: Mapping[str, tuple[str, str]] = {
    "plan": ("drkit.cli.plan", "Show what a rebuild would do, or all that is wrong."),
    "simulate": ("drkit.cli.simulate", "Simulate a rebuild: how long, and what if."),
    "validate": (
        "drkit.cli.runs",
        "Prove a standby site: build it in isolation, check it, remove it.",
    ),
    "standby": ("drkit.cli.runs", "Bring a warm standby up, or up to date."),
    "ready": ("drkit.cli.ready", "Say whether a site can be recovered into now, and why not."),
    "prepare": ("drkit.cli.prepare", "Make what is global or outside, once."),
    "deploy": ("drkit.cli.runs", "Bring the shop up for the first time."),
    "rebuild": ("drkit.cli.runs", "Rebuild the shop in another region, and prove it."),
    "resume": ("drkit.cli.runs", "Carry on with a run, and begin no other."),
    "reopen": ("drkit.cli.reopen", "Give the old site back, after a move broken off."),
    "runs": ("drkit.cli.afar", "List the runs, here and outside."),
    "status": ("drkit.cli.afar", "Say how a run stands, and who works on it."),
    "watch": ("drkit.cli.afar", "Follow a run from another terminal or machine."),
    "approve": ("drkit.cli.answer", "Say yes to a gate, signed, from anywhere."),
    "refuse": ("drkit.cli.answer", "Say no to a gate, signed, from anywhere."),
    "break-glass": ("drkit.cli.break_glass", "Make sealed codes for a missing second person."),
    "abort": ("drkit.cli.afar", "End the running steps of a run, from anywhere."),
    "takeover": ("drkit.cli.afar", "Move a run to this machine, whoever has it."),
    "reap": ("drkit.cli.reap", "Remove a generation of a site that is over."),
    "journal": ("drkit.cli.journal", "Show a run's journal, or verify it."),
    "report": ("drkit.cli.report", "Make the report of a run again."),
    "history": ("drkit.cli.history", "Show runs over time, and what changed."),
    "probe": ("drkit.cli.probe", "Watch the shop from outside: the RTO clock's start."),
    "backup": ("drkit.cli.backup", "Take a backup of the serving site now."),
    "schedule": ("drkit.cli.schedule", "Have a standby site validated each night."),
    "doctor": ("drkit.cli.doctor", "Check every tool that a run needs."),
    "sandbox": ("drkit.cli.sandbox", "Regions on this machine, to try it all in."),
}


class _Lazy(click.Group):
    """A group whose commands are known by name, and imported only to be run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(
            importlib.import_module(COMMANDS[cmd_name][0]), cmd_name.replace("-", "_")
        )
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Names and their words as listed; click's own would import every command for them."""
        listed = [
            CompletionItem(name, help=text)
            for name, (_, text) in COMMANDS.items()
            if name.startswith(incomplete)
        ]
        return [*listed, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="drkit")
def cli() -> None:
    """Disaster recovery as code for an online shop.

    One plan (drkit.yaml), one command: `drkit rebuild --region R` builds the shop in another
    region, restores its data, proves that it works, sends the customers there, and says what
    the outage cost.

    Exit codes: 0 all met, 2 usage, 3 configuration, 4 objective missed, 5 check failed,
    6 step failed, 7 waits for a person, 8 unknown, 9 answer refused, 10 busy, 11 journal damaged,
    12 sandbox, 13 taken over.
    """


def main() -> NoReturn:
    """Run a command and end with its exit code."""
    try:
        code = cli.main(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.exceptions.Abort:
        sys.exit(Exit.INTERRUPTED)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        click.echo("interrupted", err=True)
        sys.exit(Exit.INTERRUPTED)
    except DrkitError as error:
        show_error(error)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # who reads stdout (`| head`) has enough, which is no defect; as click ends it elsewhere.
        # Python would try to write the rest once more at its end, and complain
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        sys.exit(Exit.UNEXPECTED)
    except OSError as error:
        if error.errno not in _THE_MACHINE:
            _defect(error)
        place = f": {error.filename}" if error.filename else ""
        click.echo(f"drkit: this machine says: {error.strerror}{place}", err=True)
        click.echo("    → mend that, then run the same command again: it carries on", err=True)
        sys.exit(Exit.UNEXPECTED)
    except Exception as error:  # noqa: BLE001 - the only catch-all
        _defect(error)


def _defect(error: Exception) -> NoReturn:
    click.echo(f"drkit has a defect: {type(error).__name__}: {error}", err=True)
    click.echo(f"    → please report it with {_keep_traceback()}", err=True)
    sys.exit(Exit.UNEXPECTED)


def show_error(error: DrkitError) -> None:
    """On stderr, with its problems and what to do next."""
    click.echo(f"drkit: {error}", err=True)
    if isinstance(error, ConfigurationError):
        for problem in error.problems:
            click.echo(f"  {problem}", err=True)
    if error.remedy:
        click.echo(f"    → {error.remedy}", err=True)


def _keep_traceback() -> str:
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile("w", prefix="drkit-", suffix=".txt", delete=False) as file:
        traceback.print_exc(file=file)
    return file.name
