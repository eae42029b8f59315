"""``drkit doctor``: every tool that a run needs, which is here, and how to get the others."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from drkit.cli.options import output_option
from drkit.errors import Exit
from drkit.model.plan import Cloud

if TYPE_CHECKING:
    from drkit.toolchain.survey import Finding

VERSION = 1
"""Of the JSON output."""


@click.command()
@click.option(
    "--cloud",
    type=click.Choice([str(cloud) for cloud in Cloud]),
    default=str(Cloud.SANDBOX),
    show_default=True,
    help="The cloud whose tools must be here.",
)
@click.option("--fix", is_flag=True, help="Get or build the Pulumi CLI if it is missing.")
@click.option("--quiet", is_flag=True, help="Say nothing of what is as it should be.")
@output_option
def doctor(cloud: str, fix: bool, quiet: bool, output: str) -> int:
    """Check every tool that a run needs.

    Says which version was found and how to get what is missing. Ends with 3 when something that
    is needed is missing. Only --fix changes anything: it puts the Pulumi CLI into drkit's cache.
    """
    from drkit.toolchain.obtain import obtain_pulumi
    from drkit.toolchain.survey import survey
    from drkit.toolchain.tools import Need

    if fix:
        obtain_pulumi(lambda line: click.echo(line, err=True))
    needs = frozenset({Need.RUN, Need.SANDBOX} if cloud == Cloud.SANDBOX else {Need.RUN})
    findings = survey()
    hindering = [finding for finding in findings if finding.hinders(needs)]
    if output == "json":
        click.echo(json.dumps(_document(findings, fit=not hindering), indent=2))
    else:
        shown = hindering if quiet else findings
        for line in _lines(shown):
            click.echo(line)
    return int(Exit.CONFIGURATION if hindering else Exit.OK)


def _document(findings: Sequence[Finding], *, fit: bool) -> dict[str, object]:
    tools = [
        {
            "name": finding.name,
            "purpose": finding.purpose,
            "needed_by": str(finding.need),
            "stand": str(finding.stand),
            "version": finding.version or None,
            "path": finding.path or None,
            "remedy": finding.remedy or None,
        }
        for finding in findings
    ]
    return {"version": VERSION, "fit": fit, "tools": tools}


def _lines(findings: Sequence[Finding]) -> list[str]:
    """A table: what, needed by whom, version or what is wrong, and where it is or what to do."""
    rows = [
        (
            finding.name,
            str(finding.need),
            finding.version if not finding.remedy else str(finding.stand),
            f"→ {finding.remedy}" if finding.remedy else finding.purpose,
        )
        for finding in findings
    ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
    return [
        "  ".join([*(cell.ljust(widths[n]) for n, cell in enumerate(row[:3])), row[3]])
        for row in rows
    ]
