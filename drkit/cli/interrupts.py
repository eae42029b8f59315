"""Ctrl-C, SIGTERM and a lost terminal: a run is stopped in two steps, and never torn."""

from __future__ import annotations

import contextlib
import os
import signal

from drkit.engine.loop import Stop


class Interrupts:
    """First Ctrl-C: running steps end, nothing new starts. Second: running tries are ended."""

    def __init__(self) -> None:
        self._count = 0
        signal.signal(signal.SIGINT, self._interrupted)
        signal.signal(signal.SIGTERM, self._interrupted)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # under nohup a run goes on
            signal.signal(signal.SIGHUP, self._interrupted)

    def stop(self) -> Stop:
        return (Stop.NO, Stop.FINISH, Stop.NOW)[min(self._count, 2)]

    def _interrupted(self, _number: int, _frame: object) -> None:
        self._count += 1
        word = (
            "stopping: running steps end, then the stand is recorded (again: end them now)"
            if self._count == 1
            else "ending the running steps now"
        )
        # not sys.stderr: the loop may be writing to it just now, and that raises
        with contextlib.suppress(OSError):  # the terminal is gone
            os.write(2, f"\n{word}\n".encode())
