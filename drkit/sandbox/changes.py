"""What to do so that this machine follows the API: a pure function of both.

A network of a VPC comes before its hosts and goes after them. A host that is gone is removed, one
that is stopped is shut down and can come back. Nothing is done twice while it is under way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from drkit.sandbox import addresses
from drkit.sandbox.landscape import Condition, Host, Landscape, Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A container as the reconciler knows it. ``pid`` is None while it is stopped."""

    network: str
    pid: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What is here: networks, containers, and the hosts that something is being done to."""

    networks: frozenset[str] = frozenset()
    containers: dict[str, Standing] = field(default_factory=dict)
    busy: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeNetwork:
    network: Network


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveNetwork:
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StartHost:
    host: Host


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeHost:
    host: Host


@dataclass(frozen=True, slots=True, kw_only=True)
class StopHost:
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveHost:
    id: str


Change = MakeNetwork | RemoveNetwork | StartHost | ResumeHost | StopHost | RemoveHost


def subject(change: Change) -> str:
    """The id of the network or host that is changed; the rest of a host is not for logs."""
    match change:
        case MakeNetwork(network=Network(id=identity)) | StartHost(host=Host(id=identity)):
            return identity
        case ResumeHost(host=Host(id=identity)):
            return identity
        case RemoveNetwork(id=identity) | StopHost(id=identity) | RemoveHost(id=identity):
            return identity


def changes(landscape: Landscape, ground: Ground) -> Iterator[Change]:
    """Everything that may be done now; what has to wait appears in a later call."""
    wanted = {n.id: n for n in landscape.networks if n.cidr.subnet_of(addresses.NETWORKS)}
    for identity, network in wanted.items():
        if identity not in ground.networks:
            yield MakeNetwork(network=network)
    hosts = {host.id: host for host in landscape.hosts}
    for host in landscape.hosts:
        if host.id not in ground.busy and host.network in ground.networks:
            yield from _host(host, ground.containers.get(host.id))
    for identity in ground.containers:
        if identity not in hosts and identity not in ground.busy:
            yield RemoveHost(id=identity)
    used = {standing.network for standing in ground.containers.values()}
    used |= {hosts[identity].network for identity in ground.busy if identity in hosts}
    for identity in sorted(ground.networks - set(wanted) - used):
        yield RemoveNetwork(id=identity)


def _host(host: Host, standing: Standing | None) -> Iterator[Change]:
    match host.condition, standing:
        case Condition.RUNNING, None:
            yield StartHost(host=host)
        case Condition.RUNNING, Standing(pid=None):
            yield ResumeHost(host=host)
        case Condition.STOPPED, Standing(pid=int()):
            yield StopHost(id=host.id)
        case Condition.GONE, Standing():
            yield RemoveHost(id=host.id)
        case _:
            return
