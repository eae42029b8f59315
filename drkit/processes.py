"""The one place where drkit starts processes, and ends them with all their descendants.

A process group is not enough: ansible-playbook, its workers and ssh each sit in a session of their
own and outlive ``killpg`` (measured with ansible-runner 2.4). So a try runs under a supervisor that
is a child subreaper: whatever its descendants do, they stay its descendants, and /proc names them.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from drkit.errors import EffectUnknown, StepError

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
GRACE = timedelta(seconds=2)
"""Between asking a descendant to end and ending it."""
_POLL = 0.02
"""Seconds between two looks at who is left."""
MARK = "DRKIT_TRY"
"""In the environment of a try and of all below it: see :func:`marked`."""
_NO_MARK = uuid.UUID(int=0).hex
"""Stands there before the mark does, and is as long."""
_MOST_DESCRIPTORS = 1 << 16
_STARTED = 19
"""Place of starttime (ticks since boot) in /proc/PID/stat after the command's name: proc(5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    code: int
    out: str
    err: str


def run(
    args: Sequence[str],
    *,
    limit: timedelta,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    given: str = "",
) -> Completed:
    """Run a command to its end. Raises StepError if it cannot start, EffectUnknown if too slow."""
    try:
        process = subprocess.Popen(
            list(args),
            env=dict(env) if env is not None else None,
            cwd=cwd,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
    except OSError as error:
        raise StepError(f"{args[0]} cannot be started: {error.strerror}") from error
    with process:
        try:
            out, err = process.communicate(given, timeout=limit.total_seconds())
        except subprocess.TimeoutExpired as error:
            end_processes([process.pid, *descendants(process.pid)])
            late = f"{args[0]} did not end within {limit.total_seconds():g} s"
            raise EffectUnknown(late) from error
    return Completed(code=process.returncode, out=out, err=err)


def start_server(args: Sequence[str], *, cwd: Path, channel: int) -> subprocess.Popen[bytes]:
    """Start a process that answers on the descriptor ``channel``, away from the terminal and its
    signals.
    """
    return subprocess.Popen(
        list(args),
        cwd=cwd,
        env={**os.environ, MARK: _NO_MARK},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=[channel],
        start_new_session=True,
    )


def close_inherited() -> None:
    """Close all that this process, a fork, was left open by its parent, but for 0, 1 and 2."""
    os.closerange(3, _MOST_DESCRIPTORS)


def new_mark() -> str:
    """One that no other try has."""
    return uuid.uuid4().hex


def room_for_mark() -> int:
    """Where this process, a server that was just started, has the mark in the environment that
    others see. To be asked before anything there is changed: libraries change copies.
    """
    libc = ctypes.CDLL(None)
    libc.getenv.restype = ctypes.c_void_p
    place: int = libc.getenv(MARK.encode())
    return place


def mark_this(mark: str, *, room: int) -> None:
    """Mark this process, which the server with ``room`` forked, and all that it will fork or
    execute.
    """
    if len(mark) != len(_NO_MARK):
        raise ValueError(f"a mark has {len(_NO_MARK)} characters")
    ctypes.memmove(room, mark.encode(), len(mark))
    os.environ[MARK] = mark


def start_listener(args: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start a process that is told nothing, but learns of the end of this one: its input ends."""
    return subprocess.Popen(
        list(args),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def age_of_try() -> timedelta:
    """How long ago the try that this process is was started; none if it is no try's process."""
    if MARK not in os.environ:
        return timedelta()
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    began = int(fields[_STARTED]) / os.sysconf("SC_CLK_TCK")
    return timedelta(seconds=max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - began))


def adopt_orphans() -> None:
    """Make this process the parent of every orphan among its descendants."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent(number: signal.Signals, *, parent: int) -> None:
    """Have the kernel send ``number`` to this process when its parent ends, however it ends.

    ``parent`` is who it should be: one that ended before this call sends nothing any more.
    """
    _prctl(_PR_SET_PDEATHSIG, int(number))
    if os.getppid() != parent:
        os.kill(os.getpid(), number)


def _prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option} was refused")


def marked(mark: str) -> tuple[int, ...]:
    """Every process that was started under a supervisor with this mark, also if that is dead."""
    return with_environment(MARK, mark)


def with_environment(name: str, value: str) -> tuple[int, ...]:
    """Every process that was started with this variable in its environment."""
    wanted = f"{name}={value}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if wanted in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
    return tuple(found)


def descendants(pid: int) -> tuple[int, ...]:
    """Every living descendant of ``pid``, by /proc. Zombies are left out: they are dead."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError, ValueError):
                # the command's name may hold spaces and brackets: fields start after the last one
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
                if state != "Z":
                    children.setdefault(int(parent), []).append(int(entry.name))
    found: list[int] = []
    todo = list(children.get(pid, ()))
    while todo:
        child = todo.pop()
        found.append(child)
        todo.extend(children.get(child, ()))
    return tuple(found)


def runs(pid: int, program: str) -> bool:
    """Whether ``pid`` lives and is ``program`` (as its comm has it): a zombie is dead, and a number
    may be another program's by now.
    """
    try:
        return alive(pid) and Path(f"/proc/{pid}/comm").read_text().strip() == program
    except OSError:
        return False


def end_processes(pids: Iterable[int]) -> None:
    """Ask each to end, and after :data:`GRACE` end it. Those already gone are fine."""
    left = [pid for pid in pids if _send(pid, signal.SIGTERM)]
    deadline = time.monotonic() + GRACE.total_seconds()
    while left and time.monotonic() < deadline:
        time.sleep(_POLL)
        left = [pid for pid in left if alive(pid)]
    for pid in left:
        _send(pid, signal.SIGKILL)


def end_descendants() -> None:
    """End everything below this process; returns when nothing is left. For a supervisor: as it
    adopts every orphan, to have no child is to have no descendant.
    """
    while reap():
        end_processes(descendants(os.getpid()))
        time.sleep(_POLL)


def reap() -> bool:
    """Collect the dead among the children of this process. Whether any child is left."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def _send(pid: int, number: signal.Signals) -> bool:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):  # gone, or another user's: not ours to end
        return False
    return True


def alive(pid: int) -> bool:
    """Whether there is such a process, and it has not ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
