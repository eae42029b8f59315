"""The report as text, for a person at a terminal at night.

Decides the order: steps and lists first, the verdict last, because the last screenful is what a
terminal shows. Lines carry no colour unless asked, so that a pipe, a file and a ticket get plain
text. Long lists are cut here, never in the other renderings.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from datetime import timedelta

from drkit.adapters.render_decisions import decision_lines, removal_lines
from drkit.adapters.render_move import move_facts
from drkit.adapters.table import WIDTH, Table
from drkit.model.quantities import Money, format_duration, format_moment
from drkit.reporting.losses import Promise
from drkit.reporting.path import slowest
from drkit.reporting.processes import ProcessReport, RpoResult, RtoResult
from drkit.reporting.report import STAND_IN, Report
from drkit.reporting.steps import StepReport, noted, wrong
from drkit.reporting.timeline import phases

LINES = 6
"""So many lines of what a tool said are shown."""

SHOWN = 10
"""So many missing promises are listed; the rest is counted."""


def render(report: Report, *, colour: bool = False) -> str:
    """The report in lines of about 110 columns, with a newline at its end."""
    blocks = [
        _steps(report, colour=colour),
        _lost(report),
        [line for step in noted(report.steps) for line in _note(step)],
        _wrong(report.steps),
        _slowest(report, colour=colour),
        _processes(report, colour=colour),
        _verdict(report, colour=colour),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _steps(report: Report, *, colour: bool) -> list[str]:
    rows = tuple(
        (
            step.state.value,
            step.id,
            _length(step.elapsed),
            _length(step.budget),
            str(len(step.tries) or ""),
            "" if step.changed is None else str(step.changed),
            step.owner,
            step.log or _shortened(step.message, 50),
        )
        for step in report.steps
        if step.began is not None
    )
    head = ("STATE", "STEP", ">TIME", ">BUDGET", ">TRIES", ">CHANGED", "OWNER", "LOG")
    lines = Table(head, rows).lines(colour=colour) if rows else []
    return lines + _never_began(report.steps)


def _never_began(steps: tuple[StepReport, ...]) -> list[str]:
    """Steps that never began, in one paragraph for each state and reason."""
    groups: dict[str, list[str]] = {}
    for step in steps:
        if step.began is None:
            reason = f" ({step.message})" if step.message else ""
            groups.setdefault(f"{step.state.value}{reason}", []).append(step.id)
    lines: list[str] = []
    for reason, names in groups.items():
        lines += _wrapped(f"{reason}: ", names, ", ")
    return lines


def _wrapped(label: str, names: Iterable[str], between: str) -> list[str]:
    return textwrap.wrap(
        label + between.join(names), WIDTH, subsequent_indent="  ", break_on_hyphens=False
    )


def _lost(report: Report) -> list[str]:
    if not report.lost:
        return []
    amount = _amount(report.lost_money)
    lines = [f"LOST: {_promises(report.lost)}" + (f", {amount}" if amount else "")]
    lines += [
        f"  {format_moment(promise.at)}  {promise.ledger}  {promise.id}  {promise.what}"
        + (f"  {promise.money}" if promise.money else "")
        for promise in report.lost[:SHOWN]
    ]
    if len(report.lost) > SHOWN:
        lines.append(f"  and {len(report.lost) - SHOWN} more: all are in the JSON and HTML reports")
    return lines


def _wrong(steps: tuple[StepReport, ...]) -> list[str]:
    lines: list[str] = []
    for step in wrong(steps):
        lines.append(f"{step.state.value.upper()}: {step.id} ({step.kind}, owner {step.owner})")
        lines += _indented(step.message, "  ")
        for failure in step.failures:
            place = ", ".join(part for part in (failure.host, failure.task) if part)
            lines += _indented(f"{place}: {failure.message}" if place else failure.message, "  ")
            lines += _indented(failure.remedy and f"→ {failure.remedy}", "    ")
        if step.log:
            lines.append(f"  log {step.log}")
    return lines


def _note(step: StepReport) -> list[str]:
    return _indented(f"NOTE: {step.id}: {step.message}", "")


def _indented(text: str, indent: str) -> list[str]:
    """``text`` in at most six lines: a tool's traceback may not push the verdict off the screen."""
    lines = [
        line
        for part in text.splitlines()
        for line in textwrap.wrap(part, WIDTH - len(indent), break_on_hyphens=False)
    ]
    if len(lines) > LINES:
        lines = [*lines[: LINES - 1], "… the rest is in the log"]
    return [indent + line for line in lines]


def _slowest(report: Report, *, colour: bool) -> list[str]:
    rows = tuple(
        (step.id, _length(step.elapsed), _length(step.budget), f"{share:.0%}")
        for step in slowest(report.steps)
        if (share := step.share) is not None
    )
    head = ("SLOWEST AGAINST BUDGET", ">TIME", ">BUDGET", ">OF IT")
    lines = Table(head, rows).lines(colour=colour) if rows else []
    if report.critical_path:
        lines += _wrapped("critical path: ", report.critical_path, " → ")
    return lines


def _processes(report: Report, *, colour: bool) -> list[str]:
    if report.header.incident is None:
        rows: tuple[tuple[str, ...], ...] = tuple(
            (p.name, _length(p.time_to_live) or "not live", ", ".join(p.held_up_by))
            for p in report.processes
        )
        all_live = all(process.live for process in report.processes)
        head: tuple[str, ...] = ("PROCESS", ">LIVE AFTER", "" if all_live else "HELD UP BY")
    elif report.header.drill:
        rows = tuple(_would_be(process) for process in report.processes)
        head = (
            *("PROCESS", ">BACK AFTER", ">RTO", "VERDICT"),
            *(">WOULD HAVE LOST", ">RPO", "VERDICT", "HELD UP BY" if _held_up(report) else ""),
        )
    else:
        rows = tuple(_down(process) for process in report.processes)
        head = (
            *("PROCESS", ">DOWN FOR", ">RTO", "VERDICT"),
            *(">ACHIEVED RPO", ">RPO", "VERDICT", "LOST PROMISES", ">COST"),
        )
    return Table(head, rows).lines(colour=colour) if rows else []


def _held_up(report: Report) -> bool:
    return any(process.held_up_by for process in report.processes)


def _judged(process: ProcessReport) -> tuple[RtoResult, RpoResult]:
    if process.rto is None or process.rpo is None:
        raise ValueError(f"{process.name} has no clock")
    return process.rto, process.rpo


def _would_be(process: ProcessReport) -> tuple[str, ...]:
    (rto, rpo), goal = _judged(process), process.objectives
    back = _length(rto.down.length)
    lost = _length(rpo.loss.achieved) if rpo.loss.achieved is not None else "?"
    return (
        process.name,
        f"not proven in {back}" if rto.down.open else back,
        _length(goal.rto),
        rto.verdict.value,
        ("≤ " if rpo.loss.at_most else "") + lost,
        _length(goal.rpo),
        rpo.verdict.value,
        ", ".join(process.held_up_by) or rpo.loss.reason,
    )


def _down(process: ProcessReport) -> tuple[str, ...]:
    (rto, rpo), goal = _judged(process), process.objectives
    least = "≥ " if rto.down.at_least else ""
    loss = rpo.loss
    promises = _promises(loss.missing) if loss.achieved is not None else loss.reason
    amount = f", {_amount(loss.money)}" if loss.money else ""
    lost = "?" if loss.achieved is None else _length(loss.achieved)
    return (
        process.name,
        least + _length(rto.down.length) + (" still down" if rto.down.open else ""),
        _length(goal.rto),
        rto.verdict.value,
        ("≤ " if loss.at_most else "") + lost,
        _length(goal.rpo),
        rpo.verdict.value,
        promises + amount,
        f"{least}{process.cost}",
    )


def _verdict(report: Report, *, colour: bool) -> list[str]:
    header = report.header
    lines = [f"{header.kind.noun} of {header.target.shop} in {header.target.name}: {header.run}"]
    lines += [f"where     {STAND_IN}"] if header.sandbox else []
    if header.incident is not None and not header.drill:
        start = format_moment(header.incident.start)
        lines.append(f"incident  {start}, {header.incident_said}")
    taken = f", taken up again {len(header.pauses)}×" if header.pauses else ""
    lines.append(
        f"run       {format_moment(header.began)} → {format_moment(header.as_of)}"
        f" ({_length(header.length)}), {header.stand}{taken}, by {header.operator}"
    )
    lines += [f"clock     {header.clock_said}"] if header.set_back else []
    parts = [f"{_length(phase.length)} {phase.kind.value}" for phase in phases(report)]
    lines += [f"time      {', '.join(parts)}"] if parts else []
    lines += [f"{label:<10}{words}" for label, words in move_facts(report)]
    lines += decision_lines(report)
    lines += [line for copy in report.taken_away for line in removal_lines(copy)]
    if report.lost:
        amount = f", {_amount(report.lost_money)}" if report.lost_money else ""
        least = "" if report.losses_known else "at least "
        lines.append(f"lost      {least}{_promises(report.lost)}{amount}, each counted once")
    for run, promises in report.lost_by_rebuild.items():
        lines.append(f"before    {_promises(promises)} that {run} had lost; not counted here")
    if report.cost is not None:
        least = "at least " if report.cost_open else ""
        lines.append(f"cost      {least}{report.cost}")
    colour_of = "1;32" if report.exit == 0 else "1;31"
    word = f"{report.headline} (exit {int(report.exit)})"
    return [*lines, f"\x1b[{colour_of}m{word}\x1b[0m" if colour else word]


def _promises(promises: Iterable[Promise]) -> str:
    """``3 orders`` where all are of one word, else ``3 promises``; ``none``."""
    whats = [promise.what for promise in promises]
    if not whats:
        return "none"
    noun = whats[0] if len(set(whats)) == 1 and whats[0].isalpha() else "promise"
    return f"{len(whats)} {noun}{'s' if len(whats) != 1 else ''}"


def _amount(amounts: Iterable[Money]) -> str:
    return " + ".join(str(money) for money in amounts)


def _length(length: timedelta | None) -> str:
    return "" if length is None else format_duration(length)


def _shortened(text: str, width: int) -> str:
    line = text.splitlines()[0] if text else ""
    return line if len(line) <= width else line[: width - 1] + "…"
