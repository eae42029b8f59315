"""Asks the fork server (:mod:`drkit.forkserver`) for processes, and learns how they ended.

Not for use from more than one thread: the kernel's "parent died" signal is bound to the thread
that started the server, and what the server forks dies with it.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Self

from drkit import processes
from drkit.errors import StepError

MESSAGE = 1 << 16
"""Bytes that a message has at most."""
_PATIENCE = 60.0
"""Seconds for an answer: the server may be reading a library, and the machine may be busy."""


class Forks(StrEnum):
    """What a server forks."""

    TRIES = "tries"
    """Of steps (:func:`drkit.attempt.try_step`)."""
    LOOKS = "looks"
    """By Pulumi (:func:`drkit.foreseeing.look`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What a try is forked with."""

    name: str
    """For lists of processes: 15 characters of it are seen there."""
    mark: str
    scratch: Path
    folder: Path
    """Where it works."""
    nice: int = 0
    """How far it gives way to others, besides what its server does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forked:
    """A process of the server's: no child of this one."""

    server: int
    """Process id of the server that is its parent."""
    pid: int
    ended: int
    """A descriptor of the process (pidfd), which can be read once it has ended."""
    task: BinaryIO
    """It reads its task here, to the end."""
    said: BinaryIO
    """What it says."""

    def end(self) -> None:
        """Ask it to end."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.ended, signal.SIGTERM)


class ForkServer:
    """A server that starts with the first call, and again when it was lost."""

    def __init__(
        self,
        folder: Path,
        *,
        forks: Forks = Forks.TRIES,
        settings: Mapping[str, str] | None = None,
        nice: int = 0,
    ) -> None:
        """``folder`` is where it works. For tries it reads Ansible by ``settings``; without, it
        reads nothing ahead, and each try reads for itself. ``nice``: how far all of it gives way to
        others.
        """
        self._nice = nice
        self._folder = folder
        self._forks = forks
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: socket.socket | None = None
        self._codes: dict[int, int] = {}
        self._has_read = False
        self._asked = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> socket.socket:
        """Let it read libraries meanwhile; the way to it."""
        if self._channel is None:
            self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            self._channel.settimeout(_PATIENCE)
            # -P: a file of the plan's folder must not stand in for a module of the same name
            command = [sys.executable, "-P", "-m", "drkit.forkserver"]
            command += [str(os.getpid()), str(theirs.fileno())]
            self._process = processes.start_server(
                command, cwd=self._folder, channel=theirs.fileno()
            )
            theirs.close()
            if self._nice:
                os.setpriority(os.PRIO_PROCESS, self._process.pid, self._nice)
            settings = None if self._settings is None else dict(self._settings)
            told = {"forks": self._forks, "settings": settings}
            self._channel.send(json.dumps(told).encode())
        return self._channel

    def read_all(self) -> None:
        """Wait until it has read all that it can. Raises OSError where it is gone."""
        self.start()
        reads = self._settings is not None or self._forks is Forks.LOOKS
        while reads and not self._has_read:
            self._hear()

    def fork(self, job: Job) -> Forked:
        """Start a try. Raises StepError where none can be started; others go on."""
        try:
            try:
                return self._fork(job)
            except ConnectionError:  # the server is gone, and what it forked with it
                self.close()
                return self._fork(job)
        except OSError as error:
            raise StepError(
                f"no process can be started: {error.strerror or error}",
                remedy="see what this machine has left of memory, processes and open files",
            ) from error

    def code(self, forked: Forked) -> int:
        """The exit code of one that has ended: negative for a signal, SIGKILL where none is known
        because its server went, too.
        """
        with contextlib.suppress(OSError):
            while forked.server == self.pid and forked.pid not in self._codes:
                self._hear()
        return self._codes.pop(forked.pid, -signal.SIGKILL)

    @property
    def pid(self) -> int | None:
        """Process id of the server, while there is one."""
        return self._process.pid if self._process else None

    def close(self) -> None:
        """End the server, and with it what it forked."""
        if self._channel is not None:
            self._channel.close()
            self._channel, self._has_read = None, False
        if self._process is not None:
            processes.end_processes([self._process.pid])
            self._process.wait()
            self._process = None

    def _fork(self, job: Job) -> Forked:
        self.start()
        reads, task = os.pipe()
        said, answers = os.pipe()
        try:
            pid, ended = self._ask(job, [reads, answers])
        except BaseException:
            os.close(task)
            os.close(said)
            raise
        finally:
            os.close(reads)
            os.close(answers)
        return Forked(
            server=self.pid or 0,
            pid=pid,
            ended=ended,
            task=os.fdopen(task, "wb"),
            said=os.fdopen(said, "rb"),
        )

    def _ask(self, job: Job, descriptors: list[int]) -> tuple[int, int]:
        """Process id and descriptor of what was forked. Raises OSError."""
        self._asked += 1
        request = {
            "number": self._asked,
            "name": job.name,
            "mark": job.mark,
            "scratch": str(job.scratch),
            "folder": str(job.folder),
            "nice": job.nice,
        }
        socket.send_fds(self.start(), [json.dumps(request).encode()], descriptors)
        while True:
            message, came_along = self._hear()
            if message.get("request") != self._asked:  # an answer that came too late for its asker
                for descriptor in came_along:
                    os.close(descriptor)
            elif "refused" in message:
                raise OSError(message["refused"], os.strerror(message["refused"]))
            else:
                return message["forked"], came_along[0]

    def _hear(self) -> tuple[dict[str, int], list[int]]:
        """The next message, with what came along. Raises OSError when there will be none."""
        if self._channel is None:
            raise ConnectionResetError("the server was ended")
        data, descriptors, _, _ = socket.recv_fds(self._channel, MESSAGE, 1)
        if not data:
            raise ConnectionResetError("the server is gone")
        message = json.loads(data)
        if "ended" in message:
            self._codes[message["ended"]] = message["code"]
        self._has_read |= "read" in message
        return message, descriptors
