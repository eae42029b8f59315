"""Where a drkit of these tests kills itself, so that every moment of a run can be met exactly."""

from __future__ import annotations

import os
import signal

from drkit.model.record import Body, GateAnswered, Record, StepEnded, StepStarted
from drkit.ports import Journal

BEGUN, UNRECORDED, ENDED = "begun", "unrecorded", "ended"
MOMENTS = (BEGUN, UNRECORDED, ENDED)
"""Of a step: its start is durable and nothing has run; its effect is made and not recorded; its end
is durable.
"""


class Deadly:
    """A journal whose drkit dies at ``death``: the number of a record, or ``MOMENT:STEP``."""

    def __init__(self, journal: Journal, death: str) -> None:
        self._journal = journal
        self._moment, _, self._step = death.partition(":")

    def append(self, *bodies: Body) -> tuple[Record, ...]:
        if self._moment == UNRECORDED and any(self._ends(body) for body in bodies):
            _die()
        written = self._journal.append(*bodies)
        if any(self._is_now(record) for record in written):
            _die()
        return written

    def records(self, *, since: int = 0) -> tuple[Record, ...]:
        return self._journal.records(since=since)

    def _is_now(self, record: Record) -> bool:
        match record.body:
            case StepStarted(step=step) if self._moment == BEGUN:
                return step == self._step
            case body if self._moment == ENDED:
                return self._ends(body)
            case _:
                return self._moment == str(record.seq)

    def _ends(self, body: Body) -> bool:
        return isinstance(body, StepEnded | GateAnswered) and body.step == self._step


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
