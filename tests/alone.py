"""Who may change this machine while somebody looks at all of it: a lock between test processes.

Tests of the lab start and end containers at any time, and hold it together with whoever else does;
a test that compares the whole machine before and after holds it alone. The kernel gives it back
when its holder dies.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID", "one-process")
PLACE = Path(tempfile.gettempdir()) / f"drkit-tests-{RUN}.lock"


@contextmanager
def with_others() -> Iterator[None]:
    """Change the machine; waits for whoever looks at it."""
    with _held(fcntl.LOCK_SH):
        yield


@contextmanager
def alone() -> Iterator[None]:
    """Look at the whole machine, which nobody else changes meanwhile."""
    with _held(fcntl.LOCK_EX):
        yield


@contextmanager
def _held(how: int) -> Iterator[None]:
    with PLACE.open("w") as file:
        fcntl.flock(file, how)
        yield
