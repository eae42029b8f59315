"""A planned move in a few facts: what it has cost its customers, and the way back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from drkit.model.quantities import format_duration, format_moment
from drkit.reporting.downtime import downtime_parts
from drkit.reporting.report import Report


def move_facts(report: Report) -> Iterator[tuple[str, str]]:
    """Label and words; none of a run that has closed no site."""
    header, parts = report.header, downtime_parts(report)
    move, old = header.move, header.serving_before
    if move is None or not parts:
        return
    whole = format_duration(sum((part.length for part in parts), timedelta()))
    split = ", ".join(f"{format_duration(part.length)} {part.name}" for part in parts)
    yield "closed", f"{old} for {whole}: {split}"
    back = "`drkit reopen --reason WHY`"
    if move.served is not None:
        yield "reopened", f"{old} {format_moment(move.served)}: it serves its customers"
    elif move.reopened is not None:
        since = format_moment(move.reopened)
        yield (
            "old site",
            f"{old} is being given back since {since}, and takes no customers before that ends"
            f" well: run {back} again",
        )
    elif move.can_be_broken_off:
        left = header.stand == "left behind"
        on = "carry on with the run that was begun in its place" if left else "carry on"
        yield "old site", f"{old} takes no customers: {on}, or give it back with {back}"
