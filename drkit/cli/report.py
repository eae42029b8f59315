"""``drkit report``: the report of a run, made again from its journal and nothing else."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from drkit.cli import completion
from drkit.cli.options import plan_option
from drkit.reporting.report import Report
from drkit.reporting.report import report as report_of

if TYPE_CHECKING:
    from drkit.adapters.runs_folder import RunsFolder

OUTPUTS = ("text", "json", "junit", "html")


@click.command()
@click.argument("run", required=False, shell_complete=completion.runs)
@click.option("--output", type=click.Choice(OUTPUTS), default="text", show_default=True)
@click.option(
    "--file", type=click.Path(path_type=Path, dir_okay=False), help="Write there, not to stdout."
)
@plan_option
def report(run: str | None, output: str, file: Path | None, plan_file: Path) -> int:
    """Make the report of RUN (the newest, if none is named) again.

    Reads the journal beside the plan, not the plan itself, and ends with the run's exit code. All
    but the text also tell what changed against the runs before it that are there.
    """
    from drkit.adapters.runs_folder import RunsFolder

    runs = RunsFolder(plan_file.resolve().parent)
    made = report_of(runs.records(run))
    colour = file is None and sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    text = _rendering(output, runs, colour=colour)(made)
    if file is None:
        click.echo(text, nl=False)
    else:
        file.write_text(text, encoding="utf-8")
        click.echo(f"report: {file}", err=True)
    return int(made.exit)


def _rendering(output: str, runs: RunsFolder, *, colour: bool) -> Callable[[Report], str]:
    from drkit.adapters import render_html, render_json, render_junit, render_text
    from drkit.reporting.history import beside

    if output == "text":
        return lambda made: render_text.render(made, colour=colour)
    renders = {"json": render_json.render, "junit": render_junit.render, "html": render_html.render}
    return lambda made: renders[output](made, compared=beside(made, runs.all_of(made.header.kind)))
