"""What should exist: networks, hosts and security groups of all regions, as plain values.

The reconciler and the firewall read this and nothing of moto.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network


class Condition(StrEnum):
    RUNNING = "running"
    STOPPED = "stopped"
    GONE = "gone"


class Direction(StrEnum):
    IN = "in"
    OUT = "out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A VPC; on this machine a podman network with the same range."""

    region: str
    id: str
    cidr: IPv4Network

    @property
    def gateway(self) -> str:
        return str(self.cidr.network_address + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One permission of a security group. ``ports`` is None for all of them."""

    direction: Direction
    protocol: str
    ports: tuple[int, int] | None
    cidrs: tuple[str, ...]
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    id: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """An EC2 instance; on this machine a container.

    ``name``: its tag Name, for people only. ``public``: the elastic IP under which it is reached,
    if its subnet has an internet gateway. ``seen_as``: the address under which its packets leave
    its network; None: no way out.
    """

    region: str
    id: str
    name: str
    network: str
    address: str
    condition: Condition
    user_data: bytes
    key: str
    groups: tuple[str, ...]
    public: str | None
    seen_as: str | None
    passing: bool = False
    """Made to be taken away again (tag ``kind``): it gives way to those that are there to stay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Landscape:
    networks: tuple[Network, ...] = ()
    hosts: tuple[Host, ...] = ()
    groups: tuple[Group, ...] = ()

    def running(self) -> tuple[Host, ...]:
        return tuple(host for host in self.hosts if host.condition is Condition.RUNNING)

    def members(self, group: str) -> tuple[str, ...]:
        """Private addresses of the running hosts that are in a group, sorted."""
        return tuple(sorted(host.address for host in self.running() if group in host.groups))
