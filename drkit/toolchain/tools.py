"""The table of tools: what each is for, how its version is asked, and how to get it.

A tool needs a row here and nothing else. Refuses to guess a version: what does not answer as its
row says is reported as not working, with its own words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Need(StrEnum):
    """Who needs a tool."""

    RUN = "run"
    """Every run, in any cloud."""
    SANDBOX = "sandbox"
    """Only `cloud: sandbox`."""
    EXTRA = "extra"
    """Nobody must have it: it makes a run faster, or its keeping easier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program on this machine."""

    name: str
    purpose: str
    ask: tuple[str, ...]
    """Arguments that make it print its version."""
    need: Need
    package: str
    """Debian package that has it."""
    least: tuple[int, ...] = ()
    """Lowest version that works; empty: any."""
    also_in: tuple[str, ...] = ()
    """Folders outside PATH where Debian puts it."""

    @property
    def least_text(self) -> str:
        return ".".join(str(part) for part in self.least)


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """A Python distribution beside drkit."""

    name: str
    purpose: str
    need: Need


_ROOTS = ("/usr/sbin", "/sbin")
_PODMANS = ("/usr/lib/podman", "/usr/libexec/podman")

PROGRAMS: tuple[Program, ...] = (
    Program(
        name="ssh",
        purpose="the way to the hosts",
        ask=("-V",),
        need=Need.RUN,
        package="openssh-client",
        least=(8, 4),
    ),
    Program(
        name="git",
        purpose="the plan's history",
        ask=("--version",),
        need=Need.EXTRA,
        package="git",
    ),
    Program(
        name="podman",
        purpose="hosts of the sandbox",
        ask=("--version",),
        need=Need.SANDBOX,
        package="podman",
        least=(4, 3),
    ),
    Program(
        name="runc",
        purpose="starts them (crun fails under hybrid cgroups)",
        ask=("--version",),
        need=Need.SANDBOX,
        package="runc",
        also_in=_ROOTS,
    ),
    Program(
        name="netavark",
        purpose="networks of the sandbox",
        ask=("--version",),
        need=Need.SANDBOX,
        package="netavark",
        also_in=_PODMANS,
    ),
    Program(
        name="iptables",
        purpose="security groups of the sandbox",
        ask=("--version",),
        need=Need.SANDBOX,
        package="iptables",
        also_in=_ROOTS,
    ),
    Program(
        name="nsenter",
        purpose="the way into a host's network, for its security groups",
        ask=("--version",),
        need=Need.SANDBOX,
        package="util-linux",
    ),
    Program(
        name="setpriv",
        purpose="ends the sandbox's nginx with its daemon",
        ask=("--version",),
        need=Need.SANDBOX,
        package="util-linux",
    ),
    Program(
        name="openssl",
        purpose="the sandbox's authority in the hosts' trust store",
        ask=("version",),
        need=Need.SANDBOX,
        package="openssl",
    ),
    Program(
        name="ip",
        purpose="routes of the sandbox",
        ask=("-V",),
        need=Need.SANDBOX,
        package="iproute2",
        also_in=_ROOTS,
    ),
    Program(
        name="mmdebstrap",
        purpose="the image of the sandbox's hosts",
        ask=("--version",),
        need=Need.SANDBOX,
        package="mmdebstrap",
    ),
    Program(
        name="nginx",
        purpose="TLS before the sandbox's API and world",
        ask=("-v",),
        need=Need.SANDBOX,
        package="nginx-light",
        also_in=_ROOTS,
    ),
)

LIBRARIES: tuple[Library, ...] = (
    Library(name="pulumi", purpose="runs the stacks", need=Need.RUN),
    Library(name="pulumi-aws", purpose="what stacks are written in", need=Need.RUN),
    Library(name="ansible-core", purpose="runs the playbooks", need=Need.RUN),
    Library(name="ansible-runner", purpose="starts Ansible", need=Need.RUN),
    Library(name="pytest-testinfra", purpose="runs the checks", need=Need.RUN),
    Library(name="mitogen", purpose="playbooks in a third of the time", need=Need.EXTRA),
    Library(name="moto", purpose="AWS API of the sandbox", need=Need.SANDBOX),
    Library(name="flask", purpose="serves the sandbox's API", need=Need.SANDBOX),
    Library(name="flask-cors", purpose="serves the sandbox's API", need=Need.SANDBOX),
    Library(name="dnslib", purpose="name server of the sandbox", need=Need.SANDBOX),
)

EXTRAS: Mapping[str, str] = {"mitogen": "drkit[mitogen]"} | {
    library.name: "drkit[sandbox]" for library in LIBRARIES if library.need is Need.SANDBOX
}
"""Library → what to install to have it, where that is not drkit itself."""
