"""The tries of a step, paired from their start and end records: decides what a lost try is.

A try that was started and never ended is unknown once the run went on or ended without it; before
that it is running. Nothing here knows the graph.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from drkit.model.outcome import Outcome, State
from drkit.model.record import Record, RunEnded, RunResumed, StepEnded, StepStarted


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One try of a step. ``ended``, ``elapsed``, ``outcome`` are None where no end is recorded."""

    number: int
    began: datetime
    ended: datetime | None
    elapsed: timedelta | None
    outcome: Outcome | None
    seen_until: datetime | None
    """For a try that ended or was lost: when it was last known of. None while it runs."""
    log: str
    digest: str

    @property
    def state(self) -> State:
        if self.outcome is not None:
            return self.outcome.state
        return State.RUNNING if self.seen_until is None else State.UNKNOWN


def tries_by_step(records: tuple[Record, ...]) -> Mapping[str, tuple[Try, ...]]:
    """Step id → its tries in the order they began; a step that never began is left out."""
    ends = {
        (record.body.step, record.body.number): record
        for record in records
        if isinstance(record.body, StepEnded)
    }
    left: datetime | None = None
    tries: dict[str, tuple[Try, ...]] = {}
    for record, before in zip(reversed(records), (*reversed(records[:-1]), None), strict=True):
        match record.body:
            case RunEnded():
                left = record.at
            case RunResumed() if before is not None:
                left = before.at
            case StepStarted(step=step, number=number) as start:
                one = _one(record.at, start, ends.get((step, number)), left=left)
                tries[step] = (one, *tries.get(step, ()))
            case _:
                pass
    return tries


def _one(began: datetime, start: StepStarted, end: Record | None, *, left: datetime | None) -> Try:
    """``left``: when the run next left its steps alone; None if it never did."""
    body = end.body if end is not None and isinstance(end.body, StepEnded) else None
    return Try(
        number=start.number,
        began=began,
        ended=end.at if end is not None else None,
        elapsed=body.elapsed if body else None,
        outcome=body.outcome if body else None,
        seen_until=end.at if end is not None else left,
        log=start.log,
        digest=start.digest,
    )
