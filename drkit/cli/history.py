"""``drkit history``: runs over time, and what changed from one to the next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from drkit.cli import completion
from drkit.cli.options import output_option, plan_option
from drkit.errors import ConfigurationError, JournalDamaged, UsageError
from drkit.model.step import RunKind
from drkit.reporting.usual import WINDOW

if TYPE_CHECKING:
    from drkit.afar import Afar
    from drkit.model.plan import Plan
    from drkit.model.record import Record
    from drkit.reporting.report import Report


@click.command()
@click.option("--region", shell_complete=completion.regions, help="Only runs of this site.")
@click.option("--kind", type=click.Choice([kind.value for kind in RunKind]), help="Only these.")
@click.option(
    "--last",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="How many to show: the newest.",
)
@output_option
@plan_option
def history(region: str | None, kind: str | None, last: int, output: str, plan_file: Path) -> int:
    """Show how runs come out over time, and what changed: slower and by what, newly failing, flaky.

    From the journals alone, here and outside; each run is compared with up to ten of its kind and
    region before it. The last line sums up the newest, fit for a chat. A journal that cannot be
    read is named, and left out.
    """
    from drkit.adapters.render_history import as_json, as_text
    from drkit.reporting.history import history as history_of

    journals = _Journals(plan_file)
    names = _of(journals.names(), region, kind)
    if region and not names:
        journals.check_site(region)
    read = _read(journals, _to_read(names, last))
    shown = history_of(read.reports)[:last]
    if output == "json":
        click.echo(as_json(shown, unread=read.unread, outside=not journals.alone))
    else:
        click.echo(as_text(shown) if shown else _nothing(region, kind))
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    reports: tuple[Report, ...]
    """Newest first."""
    unread: Mapping[str, str]
    """Run → why not."""


class _Journals:
    """Those on this machine, and those outside for as long as it answers."""

    def __init__(self, plan_file: Path) -> None:
        from drkit.adapters.runs_folder import RunsFolder
        from drkit.afar import Afar
        from drkit.api import load_plan

        self._here = RunsFolder(plan_file.resolve().parent)
        self._plan: Plan | None = None
        self._afar: Afar | None = None
        self.alone = False
        """Nothing outside is asked, or no more."""
        try:
            self._plan = load_plan(plan_file)
            self._afar = Afar(self._plan)
        except ConfigurationError as error:
            self._go_on_alone(error)

    def names(self) -> tuple[str, ...]:
        """The ids of all runs, newest first."""
        try:
            if self._afar is not None:
                return self._afar.runs()
        except ConfigurationError as error:
            self._go_on_alone(error)
        return tuple(self._here.names())

    def records(self, run: str) -> tuple[Record, ...]:
        """What is known of ``run``. Raises JournalDamaged, also where it is out of reach."""
        from drkit.adapters.journal_file import read_journal

        if self._afar is not None:
            try:
                return self._afar.known_records(run)
            except UsageError:  # its site is in the plan no more: nobody looks for it outside
                pass
            except ConfigurationError as error:
                self._go_on_alone(error)
        path = self._here.journal(run)
        if self.alone and not path.exists():
            raise JournalDamaged("it is known outside only, and that cannot be asked")
        return read_journal(path) if path.exists() else ()

    def check_site(self, region: str) -> None:
        """Raises UsageError for what is no site of the plan, if the plan can be read."""
        from drkit.planning.sites import must_be_site

        if self._plan is not None:
            must_be_site(self._plan, region)

    def _go_on_alone(self, error: ConfigurationError) -> None:
        from drkit.cli import show_error

        self._afar, self.alone = None, True
        click.echo("what is outside cannot be asked: here are the runs of this machine", err=True)
        show_error(error)


def _of(names: Sequence[str], region: str | None, kind: str | None) -> list[str]:
    from drkit.adapters.runs_folder import kind_of

    return [
        name
        for name in names
        if (region is None or kind_of(name, region))
        and (kind is None or _sort(name).startswith(f"{kind}-"))
    ]


def _to_read(names: Sequence[str], last: int) -> list[str]:
    """The ``last`` runs, and of the kind and region of each as many before it as count."""
    wanted = Counter(_sort(name) for name in names[:last])
    found: list[str] = []
    taken: Counter[str] = Counter()
    for name in names:
        sort = _sort(name)
        if sort in wanted and taken[sort] < wanted[sort] + WINDOW:
            found.append(name)
            taken[sort] += 1
    return found


def _sort(name: str) -> str:
    """Kind and region, as a run's id has them after the time."""
    return name.split("-", 2)[-1]


def _read(journals: _Journals, names: Sequence[str]) -> _Read:
    """Raises JournalDamaged where a newer drkit wrote one, or nothing can be read."""
    from drkit.adapters.journal_lines import JournalNewer
    from drkit.reporting.report import report

    reports: list[Report] = []
    unread: dict[str, str] = {}
    newer: list[JournalNewer] = []
    for name in names:
        try:
            reports.append(report(journals.records(name)))
        except JournalNewer as error:
            newer.append(error)
        except JournalDamaged as error:
            unread[name] = str(error)
    if newer:
        # left out, they would leave others to be compared with what was not the run before
        raise JournalDamaged("\n".join(map(str, newer)), remedy=newer[0].remedy)
    for name, why in unread.items():
        click.echo(f"left out: {name}: {why}", err=True)
    if unread and not reports:
        raise JournalDamaged(
            "no journal of these runs can be read", remedy="see `drkit journal verify RUN`"
        )
    return _Read(reports=tuple(reports), unread=unread)


def _nothing(region: str | None, kind: str | None) -> str:
    if region is None and kind is None:
        return "no run yet: `drkit rebuild --region R` starts one"
    return f"no {kind or 'run'}{f' of {region}' if region else ''} yet"
