"""The processes that a daemon started: what is left of them must end before anything is removed.

The daemon leads a session of its own, so its podman, iptables and nginx are in it, whether it still
lives or not; hosts are not (conmon begins a session for each). A `podman run` that outlived its
daemon would make a container after the last look for containers.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from drkit.sandbox.process import Process, stat

PATIENCE: Final = timedelta(seconds=30)
"""How long a program that was begun may take to its end: half done is harder to remove."""
PAUSE: Final = timedelta(seconds=0.02)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """``leader`` may be dead. ``mark`` stands in the environment or command line of every member:
    when the leader's number has gone to a stranger's session, it is told by that."""

    leader: Process
    mark: str

    def members(self) -> tuple[Process, ...]:
        """Who of the session lives, but for the leader."""
        return tuple(self._members())

    def end(self, *, patience: timedelta = PATIENCE) -> None:
        """Await the end of every member, and kill those that do not come to one."""
        deadline = time.monotonic() + patience.total_seconds()
        while members := self.members():
            if time.monotonic() > deadline:
                for member in members:
                    kill(member, signal.SIGKILL)
            time.sleep(PAUSE.total_seconds())

    def _members(self) -> Iterator[Process]:
        leads = Process.of(self.leader.pid)
        if leads is not None and leads != self.leader:
            # The number is given anew only after the last member of the old session is gone.
            return
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == self.leader.pid:
                continue
            fields = stat(int(entry.name))
            if fields is not None and fields[3] == str(self.leader.pid) and self._marked(entry):
                yield Process(pid=int(entry.name), started=fields[19])

    def _marked(self, entry: Path) -> bool:
        try:
            told = (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes()
        except OSError:
            return False
        return self.mark.encode() in told


def end(process: Process, *, patience: timedelta) -> None:
    """Ask a process to end, and kill it when it does not."""
    deadline = time.monotonic() + patience.total_seconds()
    kill(process, signal.SIGTERM)
    while process.alive:
        if time.monotonic() > deadline:
            kill(process, signal.SIGKILL)
        time.sleep(PAUSE.total_seconds())


def kill(process: Process, with_signal: signal.Signals) -> None:
    """Signal a process unless it has ended; its number's next owner is not meant."""
    try:
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return
    try:
        if process.alive:
            signal.pidfd_send_signal(handle, with_signal)
    except ProcessLookupError:
        return
    finally:
        os.close(handle)
