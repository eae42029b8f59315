"""A process by its id and start time: the id alone may be given to another one any moment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A process that is still the one that was started: its id and its start time."""

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> Process | None:
        """None: there is no such process, or it is only waiting to be buried."""
        fields = stat(pid)
        return None if fields is None else cls(pid=pid, started=fields[19])

    @property
    def alive(self) -> bool:
        return Process.of(self.pid) == self


def stat(pid: int) -> list[str] | None:
    """/proc/PID/stat from its third field on (proc(5)); None: it does not live."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in {"Z", "X"} else fields
