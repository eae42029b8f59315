"""One ssh connection to each host for as long as a command runs; tries go through it.

Each playbook and each check would connect anew, through the jump host: two key exchanges, 0.1 s of
a core on three machines each time (measured). A master of a try's own would end with the try, and
one that outlives the run would skip the check of the host key; these belong to the command, check
the pinned key when they begin, and end with it, however it ends. A host without one is reached as
if there were none.
"""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from drkit import processes
from drkit.adapters.scratch import make_scratch, scratch_of, sweep_scratch

_LINES = "ssh lines"
_NAME = "%k"
"""HostKeyAlias, which every host has: the same by name and by address."""
_PAUSE = 0.2
"""Seconds between two tries to reach a host; doubled up to :data:`_LONGEST`."""
_LONGEST = 1.0


def sockets_of(folder: Path) -> Path | None:
    """Where the command that works in the run's ``folder`` keeps its connections: a socket a host,
    by its name; None where none does.
    """
    return scratch_of(folder, _LINES)


def control_path(folder: Path) -> str | None:
    """The same as ssh's option ControlPath."""
    sockets = sockets_of(folder)
    return f"{sockets}/{_NAME}" if sockets else None


class SshLines:
    """The connections of one command. What a drkit that was killed has left of its own is swept."""

    def __init__(self) -> None:
        self._sockets: Path | None = None
        self._folder: Path | None = None
        self._kept: dict[str, threading.Thread] = {}
        self._hosts: dict[str, object] = {}
        self._over = threading.Event()
        self._masters: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def keep(self, folder: Path, hosts: Mapping[str, object]) -> None:
        """Keep a connection to each of ``hosts``, by the ssh configuration in the run's ``folder``.

        Returns at once: they come up by themselves, and again when one was lost. One to a host that
        is not what it was (another address or key by the same name) is begun anew.
        """
        if self._sockets is None:
            self._sockets, self._folder = make_scratch(folder, _LINES), folder
        for name, host in hosts.items():
            if name not in self._kept:
                arguments = (name, folder / "ssh_config", self._sockets)
                keeper = threading.Thread(target=self._keep, args=arguments, daemon=True)
                self._kept[name] = keeper
                keeper.start()
            elif host != self._hosts[name] and name in self._masters:
                _end(self._masters[name])
            self._hosts[name] = host

    def close(self) -> None:
        """End them all."""
        self._over.set()
        for master in list(self._masters.values()):
            _end(master)
        for keeper in self._kept.values():
            keeper.join()
        if self._folder is not None:
            sweep_scratch(self._folder, _LINES)

    def _keep(self, host: str, config: Path, sockets: Path) -> None:
        pause = _PAUSE
        while not self._over.is_set():
            # it reads what never comes: when drkit ends, so does the command there, and ssh with it
            master = processes.start_listener(
                ["ssh", "-F", str(config), "-M", "-S", f"{sockets}/{_NAME}", host, "cat"]
            )
            self._masters[host] = master
            if self._over.is_set():
                _end(master)
            master.wait()
            _end(master)
            self._over.wait(pause)
            pause = min(2 * pause, _LONGEST)


def _end(master: subprocess.Popen[bytes]) -> None:
    master.terminate()
    if master.stdin is not None:
        master.stdin.close()
