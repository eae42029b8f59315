"""One `up` or `down` at a time on a machine: each takes its turn.

Addresses, labels and chains are the machine's, so the turn is too, whichever folder is meant. It is
a lock that the kernel gives back when its holder dies, on a file outside every sandbox's folder
(which `down` removes whole). The file is removed before the lock is given back; whoever waited on a
file that is gone waits again on the one that is there now.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

from drkit.errors import SandboxError

PLACE: Final = Path("/run/drkit-sandbox.lock")
LIMIT: Final = timedelta(minutes=30)
"""Longer than the longest `up`, which builds the host image."""
PAUSE: Final = timedelta(seconds=0.1)

Say = Callable[[str], None]


@contextmanager
def taken(say: Say, *, place: Path = PLACE, limit: timedelta = LIMIT) -> Iterator[None]:
    """Wait for the turn and hold it. Raises SandboxError after ``limit``, or without root."""
    deadline = time.monotonic() + limit.total_seconds()
    said = False
    while (held := _held(place)) is None:
        if not said:
            say("waiting for another drkit sandbox up or down to end")
            said = True
        if time.monotonic() > deadline:
            raise SandboxError(
                f"another drkit sandbox up or down has not ended within {limit}",
                remedy=f"see who holds {place}: fuser {place}",
            )
        time.sleep(PAUSE.total_seconds())
    try:
        yield
    finally:
        place.unlink(missing_ok=True)
        os.close(held)


def _held(place: Path) -> int | None:
    """An open file that has the lock and is the one at ``place``; None: somebody else's turn."""
    try:
        file = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except PermissionError as error:
        raise SandboxError(
            "the sandbox is made and removed by root", remedy="run it as root, or with sudo"
        ) from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(file), place.stat()):
            return file
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(file)
    return None
