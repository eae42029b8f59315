"""A started host: its init, and its network namespace, held open.

Invariant: what is meant for a host's network never reaches the machine's. A process id would be a
poor name for a namespace: when the init is dead its number may be that of any process of this
machine, whose own packet filter `nsenter --target` would then replace. The handle stays what it is.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Sequence
from pathlib import Path

from drkit.errors import SandboxError
from drkit.sandbox.commands import run
from drkit.sandbox.process import Process


class Running:
    """Closed when nobody holds it any more, so never under someone who is using it."""

    def __init__(self, pid: int) -> None:
        """Raises SandboxError for an init that has ended, and for a process of the machine."""
        process = Process.of(pid)
        if process is None:
            raise SandboxError(f"the host's init {pid} ended at once")
        try:
            handle = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise SandboxError(f"the host's init {pid} ended at once") from error
        weakref.finalize(self, os.close, handle)
        if os.path.samestat(os.fstat(handle), Path("/proc/self/ns/net").stat()):
            raise SandboxError(f"process {pid} is in this machine's own network, and is no host's")
        self.process = process
        self._handle = handle

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def alive(self) -> bool:
        return self.process.alive

    def inside(self, argv: Sequence[str], *, given: str | None = None) -> None:
        """Run a program in the host's network. Raises CommandFailed."""
        place = f"/proc/{os.getpid()}/fd/{self._handle}"
        run(["nsenter", f"--net={place}", *argv], given=given)
