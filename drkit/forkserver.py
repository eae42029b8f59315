"""The process that every try is forked from: it has read what tools are made of, once.

A Python of its own would read it for each try: 0.5 to 1.4 s of a core (measured), and the cores of
the machine are what a rebuild waits for. It reads, forks and reports ends, and does nothing else:
it has one thread, knows no plan and no secret. Whoever asks is :mod:`drkit.adapters.forking`.
"""

from __future__ import annotations

import contextlib
import errno
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from drkit import attempt, processes
from drkit.adapters.forking import MESSAGE, Forks

_DESCRIPTORS = 2
"""That come with a request: what the try reads its task from, and what it answers on."""
_ANSIBLE = "ansible"
_S3 = "s3"
_READ_FOR_TRIES = (
    "drkit.adapters.requests",
    "drkit.adapters.discretion",
    "drkit.adapters.pulumi_stack",
    "pulumi_aws.ec2",
    "pulumi_aws.provider",
    _S3,
    "drkit.adapters.ansible_playbook",
    "ansible_runner",
    _ANSIBLE,
    "drkit.adapters.pytest_check",
    "drkit.checking.plugin",
    "testinfra",
    "drkit.adapters.ledger",
    "drkit.adapters.epoch",
)
"""In the order in which a rebuild needs it."""
_READ_FOR_LOOKS = (
    "drkit.foreseeing",
    "drkit.adapters.pulumi_stack",
    "drkit.adapters.pulumi_foresight",
    "pulumi_aws.ec2",
    "pulumi_aws.s3",
    "pulumi_aws.provider",
    _S3,
)


def main() -> None:
    """``python -m drkit.forkserver PID FD``: serve the drkit with this process id over FD."""
    room = processes.room_for_mark()
    processes.die_with_parent(signal.SIGTERM, parent=int(sys.argv[1]))
    _Server(socket.socket(fileno=int(sys.argv[2])), room).run()


class _Server:
    def __init__(self, channel: socket.socket, room: int) -> None:
        """``room`` is where the mark of a try belongs."""
        self._channel = channel
        self._room = room
        self._selector = selectors.DefaultSelector()
        self._selector.register(channel, selectors.EVENT_READ)
        self._unread = deque[str]()
        self._forks = Forks.TRIES

    def run(self) -> NoReturn:
        """Ends when the other side has closed. A request for a try never waits for more than one
        reading; for a look it waits for all, which each of them needs.
        """
        told = json.loads(self._channel.recv(MESSAGE) or "{}")
        self._forks, settings = Forks(told.get("forks", Forks.TRIES)), told.get("settings")
        if self._forks is Forks.LOOKS:
            for module in _READ_FOR_LOOKS:
                _read(module, {})
            self._have_read()
        elif settings is not None:
            self._unread.extend(_READ_FOR_TRIES)
        while True:
            events = self._selector.select(0 if self._unread else None)
            for key, _ in events:
                if key.data is None:
                    self._take()
                else:
                    self._tell_end(key.fd, key.data)
            if self._unread and not events:
                _read(self._unread.popleft(), settings)
                if not self._unread:
                    self._have_read()

    def _have_read(self) -> None:
        gc.collect()
        gc.freeze()  # else each try would copy what its collector only looks at
        self._say({"read": True})

    def _take(self) -> None:
        data, descriptors, _, _ = socket.recv_fds(self._channel, MESSAGE, _DESCRIPTORS)
        if not data:
            os._exit(0)
        request = json.loads(data)
        try:
            pid, ended = self._fork(request, descriptors)
        except OSError as error:  # no memory, no process, no descriptor: the others go on
            self._say({"request": request["number"], "refused": error.errno or errno.EAGAIN})
        else:
            self._selector.register(ended, selectors.EVENT_READ, pid)
            self._say({"request": request["number"], "forked": pid}, ended)
        for descriptor in descriptors:
            os.close(descriptor)

    def _fork(self, request: Mapping[str, str], descriptors: Sequence[int]) -> tuple[int, int]:
        """Process id of a new try, and a descriptor of its process. Raises OSError."""
        server, work = os.getpid(), _work_of(self._forks)
        pid = os.fork()
        if pid == 0:
            try:
                _become_try(request, descriptors, self._room, work, server=server)
            finally:
                os._exit(1)  # whatever went wrong: never a second server
        try:
            # opened before anybody collects the child: it cannot be another process's
            return pid, os.pidfd_open(pid)
        except OSError:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            raise

    def _tell_end(self, ended: int, pid: int) -> None:
        self._selector.unregister(ended)
        os.close(ended)
        self._say({"ended": pid, "code": os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])})

    def _say(self, message: Mapping[str, int], *descriptors: int) -> None:
        try:
            socket.send_fds(self._channel, [json.dumps(message).encode()], descriptors)
        except (BrokenPipeError, ConnectionResetError):
            os._exit(0)  # nobody is left; the kernel ends the tries with this process


def _work_of(forks: Forks) -> Callable[[], int]:
    if forks is Forks.TRIES:
        return attempt.try_step
    from drkit import foreseeing

    return foreseeing.look


def _become_try(
    request: Mapping[str, str],
    descriptors: Sequence[int],
    room: int,
    work: Callable[[], int],
    *,
    server: int,
) -> NoReturn:
    """``server`` is asked for before the fork: it may be dead by now, and the try is to end."""
    os.setsid()
    for descriptor, place in zip(descriptors, (0, 1), strict=True):
        os.dup2(descriptor, place)
    processes.close_inherited()
    processes.mark_this(request["mark"], room=room)
    os.chdir(request["folder"])
    os.nice(int(request["nice"]))
    Path("/proc/self/comm").write_text(request["name"])
    attempt.supervise(parent=server, scratch=request["scratch"], work=work)


def _read(module: str, settings: Mapping[str, str]) -> None:
    """What cannot be read is a matter of the try that needs it: it says so."""
    with contextlib.suppress(Exception):
        if module == _ANSIBLE:
            from drkit.adapters.ansible_forked import read_ansible

            read_ansible(settings)
        elif module == _S3:
            from drkit.adapters.cloud import read_ahead

            read_ahead(module)
        else:
            # a package of pulumi_aws loads at the first question for what is in it (pulumi 3.259)
            hasattr(importlib.import_module(module), "__all__")


if __name__ == "__main__":
    main()
