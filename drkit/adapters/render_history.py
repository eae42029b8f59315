"""Runs over time as text, for a terminal, and as JSON, for programs.

Decides the order: in the text the newest run, its findings and the one line that sums up come last,
because the last screenful is what a terminal shows; in the JSON the newest comes first, as in
``drkit runs``. The text leaves out the processes that do not fit, the least urgent first, and says
so; the JSON leaves out nothing. Durations there are in seconds, times in ISO 8601 UTC.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping, Sequence

from drkit.adapters.json_values import moment, seconds
from drkit.adapters.render_changes import changes
from drkit.adapters.render_json import identity
from drkit.adapters.table import WIDTH, Table
from drkit.model.quantities import format_duration
from drkit.reporting.history import Compared
from drkit.reporting.recoveries import Recovery
from drkit.reporting.slower import Slower
from drkit.reporting.summary import findings, summary

VERSION = 1


def as_text(found: Sequence[Compared]) -> str:
    """``found`` (newest first, at least one) in lines of at most 110 columns."""
    blocks = [_table(found), _slowest(found[0]), _findings(found), [summary(found[0])]]
    return "\n\n".join("\n".join(block) for block in blocks if block)


def as_json(found: Sequence[Compared], *, unread: Mapping[str, str], outside: bool) -> str:
    """``unread``: run → why its journal could not be read. ``outside``: whether runs that only the
    outside knows are among these."""
    shape = {
        "version": VERSION,
        "runs": [_run(each) for each in found],
        "unread": [{"run": run, "why": why} for run, why in unread.items()],
        "outside": outside,
        "summary": summary(found[0]) if found else None,
    }
    return json.dumps(shape, indent=1, ensure_ascii=False)


def _table(found: Sequence[Compared]) -> list[str]:
    goals = {
        one.name: one.process.objectives.rto
        for each in reversed(found)
        for one in each.run.recoveries.values()
    }
    by_urgency = sorted(goals, key=lambda name: goals[name])
    for count in range(len(goals), -1, -1):
        shown = [name for name in goals if name in by_urgency[:count]]
        lines = _table_of(found, shown)
        if max(map(len, lines)) <= WIDTH:
            break
    left_out = [name for name in goals if name not in shown]
    if any("▲" in line for line in lines):
        lines.append("▲ slower than in the runs before")
    if left_out:
        lines += textwrap.wrap(f"no room for {', '.join(left_out)}: see --output json", WIDTH)
    return lines


def _table_of(found: Sequence[Compared], processes: Sequence[str]) -> list[str]:
    head = ("RUN", ">TOOK", *(f">{name.upper()}" for name in processes), ">EXIT", "STAND")
    rows = tuple(
        (
            each.run.name,
            format_duration(each.run.report.header.length),
            *(_cell(each, name) for name in processes),
            str(int(each.run.report.exit)),
            each.run.report.header.stand,
        )
        for each in reversed(found)
    )
    return Table(head, rows).lines()


def _cell(each: Compared, process: str) -> str:
    one = each.run.recoveries.get(process)
    if one is None:
        return ""
    if one.took is None:
        return "–"
    slow = any(isinstance(c, Slower) and c.process == process for c in each.changes)
    return f"{'▲' if slow else ''}{'≥' if one.at_least else ''}{format_duration(one.took)}"


def _slowest(newest: Compared) -> list[str]:
    steps = ", ".join(
        f"{step.id} {format_duration(step.elapsed)} of {format_duration(step.budget)}"
        for step in newest.run.slowest
        if step.elapsed is not None and step.budget is not None
    )
    return textwrap.wrap(f"slowest of the newest against budget: {steps}", WIDTH) if steps else []


def _findings(found: Sequence[Compared]) -> list[str]:
    return [
        line
        for each in reversed(found)
        for words in findings(each.changes)
        for line in textwrap.wrap(
            f"{each.run.report.header.began:%Y-%m-%d %H:%M} UTC  {words}",
            WIDTH,
            subsequent_indent="  ",
            break_on_hyphens=False,
        )
    ]


def _run(each: Compared) -> dict[str, object]:
    report = each.run.report
    header = report.header
    return {
        **identity(header),
        "planned": header.move is not None,
        "began": moment(header.began),
        "length_seconds": seconds(header.length),
        "stand": header.stand,
        "exit": int(report.exit),
        "headline": report.headline,
        "processes": [_process(one) for one in each.run.recoveries.values()],
        "slowest": [
            {
                "step": step.id,
                "seconds": seconds(step.elapsed),
                "budget_seconds": seconds(step.budget),
            }
            for step in each.run.slowest
        ],
        "failed": list(each.run.failed),
        "changes": changes(each.changes),
    }


def _process(one: Recovery) -> dict[str, object]:
    process = one.process
    return {
        "name": one.name,
        "live": process.live,
        "recovery_seconds": seconds(one.took),
        "at_least": one.at_least,
        "work_seconds": seconds(one.work) if process.live else None,
        "rto_seconds": seconds(process.objectives.rto),
        "rto_verdict": process.rto.verdict.value if process.rto else None,
        "achieved_rpo_seconds": seconds(process.rpo.loss.achieved) if process.rpo else None,
        "rpo_at_most": process.rpo.loss.at_most if process.rpo else None,
        "rpo_verdict": process.rpo.verdict.value if process.rpo else None,
    }
