"""Ends a Pulumi CLI that takes too long, in the way that leaves no lock behind.

An interrupted CLI lets what is in flight end and gives up its lock; a killed one leaves the lock
and operations that nobody knows the end of (measured, pulumi 3.259). So it is interrupted first.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

from drkit import processes
from drkit.errors import EffectUnknown

_CLEAN_END = timedelta(seconds=20)
"""How long the CLI may take to end its own way once it is interrupted."""


@contextmanager
def deadline(limit: timedelta, what: str) -> Iterator[None]:
    """Interrupt the CLI after ``limit``: it lets what is in flight end, and leaves no lock behind.

    Raises EffectUnknown then, however the block ended.
    """
    passed = threading.Event()

    def interrupt() -> None:
        passed.set()
        for pid in _clis():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT)
        end.start()

    end = threading.Timer(_CLEAN_END.total_seconds(), lambda: processes.end_processes(_clis()))
    limited = threading.Timer(limit.total_seconds(), interrupt)
    for timer in (end, limited):
        timer.daemon = True
    late = EffectUnknown(
        f"{what} did not end within {limit.total_seconds():.0f} s and was interrupted",
        remedy="look at its log, raise its limit if it only needs longer, and run the same "
        "command again: it looks at what is there first",
    )
    limited.start()
    try:
        yield
    except Exception as error:
        if passed.is_set():
            raise late from error
        raise
    else:
        if passed.is_set():
            raise late
    finally:
        limited.cancel()
        end.cancel()


def _clis() -> list[int]:
    """The Pulumi CLIs that this process runs: not their plugins, which they end themselves."""
    return [pid for pid in processes.descendants(os.getpid()) if processes.runs(pid, "pulumi")]
