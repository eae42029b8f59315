"""What people decided in the course of a run, as text: a line for each, with who and why."""

from __future__ import annotations

from collections.abc import Iterator

from drkit.model.place_record import CopyRemoved
from drkit.model.quantities import format_duration, format_moment
from drkit.reporting.gates import ALONE, glass_said
from drkit.reporting.report import Report


def decision_lines(report: Report) -> list[str]:
    """Answers of gates, problems that were accepted, changes of the plan, what was left behind."""
    lines: list[str] = []
    for at, answer in report.consents:
        word = "consented" if answer.consent else "refused"
        sign = "" if answer.signed else ", not signed"
        sign += f"; {ALONE}" if answer.step in report.alone else ""
        who = f"{answer.person} ({answer.role})"
        lines.append(f"{answer.step:<9} {who} {word} {format_moment(at)}{sign}")
        if answer.broken:
            lines.append(glass_said(answer))
    lines += [
        f"accepted  {problem.problem} ({problem.reason}), by {problem.operator}"
        for problem in report.accepted
    ]
    lines += [
        f"plan      changed {format_moment(at)} ({change.reason}), by {change.operator}"
        for at, change in report.plan_changes
    ]
    lines += [
        f"left      {left.generation} {format_moment(at)} ({left.reason}), for {left.next}"
        for at, left in report.left_behind
    ]
    return lines


def removal_lines(copy: CopyRemoved) -> Iterator[str]:
    """What a validation took away, and what is still there of it."""
    count, took = sum(copy.removed.values()), format_duration(copy.elapsed)
    yield f"removed   {copy.generation}, {count} resources in {took}"
    yield from (f"STILL THERE  {what}: {why}" for what, why in copy.stays.items())
