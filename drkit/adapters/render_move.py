"""A planned move in a few lines of text: what it has cost its customers, and the way back."""

from __future__ import annotations

from datetime import timedelta

from drkit.model.quantities import format_duration, format_moment
from drkit.reporting.downtime import downtime_parts
from drkit.reporting.report import Report


def move_lines(report: Report) -> list[str]:
    """None of a run that has closed no site."""
    header, parts = report.header, downtime_parts(report)
    move, old = header.move, header.serving_before
    if move is None or not parts:
        return []
    whole = format_duration(sum((part.length for part in parts), timedelta()))
    split = ", ".join(f"{format_duration(part.length)} {part.name}" for part in parts)
    lines = [f"closed    {old} for {whole}: {split}"]
    if move.served is not None:
        return [*lines, f"reopened  {old} {format_moment(move.served)}: it serves its customers"]
    if move.reopened is not None:
        since = format_moment(move.reopened)
        lines.append(
            f"          {old} is being given back since {since}, and takes no customers before that"
            " ends well: run `drkit reopen --reason WHY` again"
        )
    if move.can_be_broken_off:
        lines.append(
            f"          {old} takes no customers: carry on, or give it back with"
            " `drkit reopen --reason WHY`"
        )
    return lines
