"""The console on a terminal: steps with state and time, processes with their RTO clocks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from drkit.cli.console import SIGNS, Seen, of_the_run
from drkit.cli.forecast import advice, basis, lateness, when
from drkit.cli.outlook import Outlook
from drkit.model.outcome import State
from drkit.model.quantities import format_duration
from drkit.model.record import GateAnswered, Record, RunEnded, StepPlanned
from drkit.reporting.forecast import Forecast, ProcessForecast
from drkit.reporting.report import in_sandbox

_STYLES = {
    State.WAITING: "dim",
    State.RUNNING: "bold cyan",
    State.DONE: "green",
    State.FAILED: "bold red",
    State.UNKNOWN: "bold yellow",
    State.REFUSED: "bold red",
    State.NOT_RUN: "dim",
    State.SKIPPED: "bold yellow",
}
_TITLE_AND_CURSOR = 2
"""Lines that neither the processes nor the steps take."""


class LiveConsole:
    """Redraws at most four times a second; falls silent while a person is asked something."""

    def __init__(self, outlook: Outlook) -> None:
        self._seen = Seen()
        self._outlook = outlook
        self._live = Live(
            console=Console(stderr=True), refresh_per_second=4, auto_refresh=False, transient=True
        )
        self._drawn: datetime | None = None
        self._on = False

    def recorded(self, record: Record) -> None:
        self._seen.take(record)
        self._outlook.take(record)
        if isinstance(record.body, RunEnded):
            self._stop(last=True)
            return
        if isinstance(record.body, GateAnswered):
            self._drawn = None
        if news := of_the_run(record):
            self._live.console.print(f"{record.at:%H:%M:%S} {news}", markup=False)

    def progressed(self, step: str, line: str) -> None:
        self._seen.said[step] = line

    def ticked(self, now: datetime) -> None:
        if self._asking():
            self._stop()
            return
        if not self._on:
            self._live.start()
            self._on = True
        if self._drawn is None or (now - self._drawn).total_seconds() >= 0.25:
            self._drawn = now
            self._live.update(self._drawing(now), refresh=True)

    def _asking(self) -> bool:
        """A gate is open and nothing runs: the screen belongs to the question."""
        began = self._seen.began
        if began is None or State.RUNNING in self._seen.states.values():
            return False
        return any(
            step.kind == "gate"
            and self._seen.state(step) is State.WAITING
            and all(self._seen.states.get(need) is State.DONE for need in step.needs)
            for step in began.steps
        )

    def _stop(self, *, last: bool = False) -> None:
        if self._on:
            self._live.stop()
            self._on = False
        if last and self._seen.began_at is not None:
            self._live.console.print(self._steps(datetime.now(self._seen.began_at.tzinfo)))

    def _drawing(self, now: datetime) -> Group:
        ahead = self._outlook.at(now)
        for words in self._outlook.turns(now):
            said = Text(f"{now:%H:%M:%S} {words}", style="bold")
            self._live.console.print(said)
        # processes first: on a short screen the end is cut off
        head = Group(self._processes(now, ahead), *_ahead(ahead), Text(""))
        taken = len(self._live.console.render_lines(head)) + _TITLE_AND_CURSOR
        return Group(head, self._steps(now, room=self._live.console.size.height - taken))

    def _steps(self, now: datetime, *, room: int | None = None) -> Table:
        """Those that there is ``room`` for, else all."""
        table = Table.grid(padding=(0, 2))
        began = self._seen.began
        if began is None:
            return table
        where = " (sandbox)" if in_sandbox(began.plan) else ""
        title = Text(f"{began.kind} of {began.target.name}", style="bold")
        table.add_row("", title, "", began.run + where)
        for step in self._shown(began.steps, room=len(began.steps) if room is None else room):
            state = self._seen.state(step)
            table.add_row(
                Text(SIGNS[state], style=_STYLES[state]),
                Text(step.id, style=_STYLES[state]),
                Text(self._time(step, now), justify="right"),
                Text(self._seen.words(step.id, now)[:70], style="dim"),
            )
        return table

    def _shown(self, steps: tuple[StepPlanned, ...], *, room: int) -> list[StepPlanned]:
        """All steps where they fit; else those that run or went wrong, then what waits next."""
        if len(steps) <= room:
            return list(steps)
        rank = {State.DONE: 2, State.WAITING: 1, State.NOT_RUN: 2, State.SKIPPED: 2}
        order = sorted(steps, key=lambda step: rank.get(self._seen.state(step), 0))
        chosen = {step.id for step in order[: max(room, 3)]}
        return [step for step in steps if step.id in chosen]

    def _time(self, step: StepPlanned, now: datetime) -> str:
        if step.id in self._seen.times:
            return format_duration(self._seen.times[step.id])
        if step.id in self._seen.started:
            budget = f" of {format_duration(step.budget)}" if step.budget else ""
            return format_duration(now - self._seen.started[step.id]) + budget
        return ""

    def _processes(self, now: datetime, ahead: Forecast | None) -> Table:
        began = self._seen.began
        names = began.plan.get("processes") if began and began.kind.brings_back else None
        table = Table(
            box=None, header_style="dim", pad_edge=False, expand=True, show_header=bool(names)
        )
        for title in ("process", "down for", "RTO", "back at"):
            table.add_column(title, no_wrap=True)
        table.add_column("waits for", no_wrap=True, overflow="ellipsis", ratio=1)
        backs = {process.name: process for process in ahead.processes} if ahead else {}
        for name in names if isinstance(names, dict) else ():
            start, end = self._seen.down_since(name), self._seen.live_at.get(name, now)
            down = end - start if start else None
            rto = self._seen.rto(name)
            late = down is not None and down > rto
            waits = "live" if name in self._seen.live_at else self._waits(name)
            table.add_row(
                name,
                Text(format_duration(down) if down else "", style="red" if late else ""),
                format_duration(rto),
                _back(backs.get(name), now),
                Text(waits, style="green" if waits == "live" else "dim"),
            )
        return table

    def _waits(self, process: str) -> str:
        left = self._seen.waits_for(process)
        return ", ".join(left[:3]) + (f" and {len(left) - 3} more" if len(left) > 3 else "")


def _back(process: ProcessForecast | None, now: datetime) -> Text:
    if process is None:
        return Text("")
    words = [when(process, now), lateness(process)]
    style = "green" if process.live else ""
    wrong = process.late or process.back is None
    return Text(", ".join(filter(None, words)), style="red" if wrong else style)


def _ahead(ahead: Forecast | None) -> Iterator[Text]:
    """What the times are made of; and for the process that will be latest, what would help."""
    if ahead is None:
        return
    late = [process for process in ahead.processes if process.late and not process.live]
    if late:
        worst = min(late, key=lambda process: process.room or timedelta(0))
        yield Text(f"{worst.name} sooner: {advice(worst)}", style="red")
    if words := basis(ahead):
        yield Text(words, style="dim")
