"""A wait that has a reason: the fence's bound, a DNS answer's time to live."""

from __future__ import annotations

import time

from drkit.model.outcome import Outcome, State
from drkit.model.quantities import format_duration
from drkit.model.step import WaitWork
from drkit.ports import Context, Progress


class WaitTool:
    def __init__(self, work: WaitWork) -> None:
        self._work = work

    def look(self, context: Context) -> Outcome | None:  # noqa: ARG002 - waiting again is safe
        return None

    def do(self, context: Context, progress: Progress) -> Outcome:  # noqa: ARG002
        progress(f"{format_duration(self._work.duration)} {self._work.reason}")
        time.sleep(self._work.duration.total_seconds())
        return Outcome(state=State.DONE)
