"""What customers wait for in a planned move: the time from the closing to the last live proof, in
its parts. Each begins where the one before ends; a part that has not begun is not there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from drkit.reporting.report import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    name: str
    length: timedelta


PARTS = ("closing", "restore and proof", "consent", "cutover")


def downtime_parts(report: Report) -> tuple[Part, ...]:
    """The parts, in order; none of a run that has closed no site."""
    move = report.header.move
    if move is None or move.closed is None or move.given_up:
        return ()
    over = move.served or report.header.as_of
    gate = _gate(report, after=move.caught_up)
    cuts = [move.closed, move.caught_up, *gate, _live(report)]
    known = [cut for cut in cuts if cut is not None]
    if len(known) < len(cuts):  # the part that is still under way
        known.append(max(known[-1], over))
    return tuple(
        Part(name=name, length=max(end - start, timedelta()))
        for name, (start, end) in zip(PARTS, pairwise(known), strict=False)
    )


def _gate(report: Report, *, after: datetime | None) -> tuple[datetime | None, datetime | None]:
    """From when to when the last gate since was open."""
    gates = [
        (step.began, step.ended)
        for step in report.steps
        if step.kind == "gate" and step.began and after and step.began >= after
    ]
    return max(gates, key=lambda gate: gate[0], default=(None, None))


def _live(report: Report) -> datetime | None:
    live = [step for step in report.steps if step.id.startswith("live.")]
    ends = [step.ended for step in live if step.done and step.ended]
    return max(ends) if ends and len(ends) == len(live) else None
