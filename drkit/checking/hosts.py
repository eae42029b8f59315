"""The hosts of a site, by group, over ssh by the run's own configuration and no other.

All commands of one try share a connection per host: the one that drkit keeps for its run, else one
in a folder of the try's own that goes with it. A master that a later run could find would skip the
check of the host key, and one of a try that others shared would take them down with it.
"""

from __future__ import annotations

import difflib
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import testinfra
from testinfra.host import Host

from drkit.adapters.ssh_lines import control_path
from drkit.checking.site import Site

_IDLE = 15
"""Seconds that a master without commands stays; what ends the try ends it before."""


class Hosts(Mapping[str, tuple[Host, ...]]):
    """Group → its hosts, in the order of their names. An unknown group is an error, never empty."""

    def __init__(self, by_name: Mapping[str, Host], site: Site, *, own: Path | None) -> None:
        """``own`` is a folder of sockets that goes with this."""
        self._by_name = by_name
        self._own = own
        self._groups = {
            group: tuple(by_name[m.name] for m in site.machines if group in m.groups)
            for group in sorted({group for machine in site.machines for group in machine.groups})
        }

    def __getitem__(self, group: str) -> tuple[Host, ...]:
        if group not in self._groups:
            near = difflib.get_close_matches(group, self._groups, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(self._groups)}"
            raise LookupError(f"no host is in a group {group!r}: {hint}")
        return self._groups[group]

    def __iter__(self) -> Iterator[str]:
        return iter(self._groups)

    def __len__(self) -> int:
        return len(self._groups)

    @property
    def all(self) -> tuple[Host, ...]:
        """Every host of the site once, in the order of names."""
        return tuple(self._by_name.values())

    def named(self, name: str) -> Host:
        """The host ``name``. Raises KeyError."""
        return self._by_name[name]

    def close(self) -> None:
        """Remove the sockets: nothing reaches the masters any more, and they end by themselves."""
        if self._own is not None:
            shutil.rmtree(self._own, ignore_errors=True)


def connect(site: Site) -> Hosts:
    """The hosts of ``site``; nothing is connected to until a check asks something."""
    settings = urlencode({"ssh_config": str(site.folder / "ssh_config"), "sudo": "true"})
    own, multiplexed = _sockets(site.folder)
    by_name = {
        machine.name: testinfra.get_host(f"ssh://{machine.name}?{settings}", **multiplexed)
        for machine in site.machines
    }
    return Hosts(by_name, site, own=own)


def _sockets(folder: Path) -> tuple[Path | None, dict[str, Any]]:
    """What testinfra is told of connections, with the folder of those that it makes itself."""
    if path := control_path(folder):
        return None, {"ssh_extra_args": f"-o ControlPath={path}", "controlpersist": 0}
    # Not the run's folder: a socket's path may have 107 bytes, of which ssh wants 58 (OpenSSH 9).
    own = Path(tempfile.mkdtemp(prefix="drkit-ssh-"))
    return own, {"controlpath": f"{own}/%%C", "controlpersist": _IDLE}


def name(host: Host) -> str:
    """The name of a host of :class:`Hosts` in the inventory."""
    return str(host.backend.get_hostname())
