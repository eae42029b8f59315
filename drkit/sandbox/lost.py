"""What is lost: regions whose every packet is dropped, and how many were tried toward them.

A region is lost by one atomic change of one chain in the raw table, before connection tracking:
new and established traffic stops alike, in both directions and also within the region, while its
hosts go on living. The same change takes it back.

Only packets that others sent toward a lost region are counted; what its own hosts and its own
front sent is dropped uncounted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from drkit.errors import UsageError
from drkit.sandbox import addresses, firewall
from drkit.sandbox.landscape import Landscape


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """Packets tried toward a lost region: at its API and storage, and at its hosts."""

    endpoint: int = 0
    hosts: int = 0

    def plus(self, other: Dropped) -> Dropped:
        return Dropped(endpoint=self.endpoint + other.endpoint, hosts=self.hosts + other.hosts)


def rules(lost: Iterable[str], landscape: Landscape) -> str:
    """The chain DRKIT-LOST, whole, as text for iptables-restore."""
    lines = ["*raw", ":DRKIT-LOST - [0:0]"]
    for region in sorted(lost):
        lines += _region(region, landscape)
    return "\n".join([*lines, "COMMIT"]) + "\n"


def _region(region: str, landscape: Landscape) -> Iterator[str]:
    door = next(door for door in addresses.DOORS if door.region == region)
    networks = sorted(str(n.cidr) for n in landscape.networks if n.region == region)
    hosts = [host for host in landscape.hosts if host.region == region]
    elastic = sorted({a for host in hosts for a in (host.public, host.seen_as) if a})
    for source in networks:
        yield f"-A DRKIT-LOST -s {source} -j DROP"
    # A client on this machine speaks to the endpoint from the endpoint's own address, so the
    # port tells its packets from the front's answers.
    yield (
        f"-A DRKIT-LOST -d {door.address} -p tcp --dport 443"
        f' -m comment --comment "endpoint/{region}" -j DROP'
    )
    for source in (door.address, *elastic):
        yield f"-A DRKIT-LOST -s {source} -j DROP"
    yield f"-A DRKIT-LOST -d {door.address} -j DROP"
    for target in (*networks, *elastic):
        yield f'-A DRKIT-LOST -d {target} -m comment --comment "hosts/{region}" -j DROP'


class Losses:
    """Holds which regions are lost and keeps the chain so. Not safe for several threads."""

    def __init__(self) -> None:
        self._lost: frozenset[str] = frozenset()
        self._landscape = Landscape()
        self._applied = ""
        self._counted: dict[str, Dropped] = {}

    @property
    def regions(self) -> frozenset[str]:
        return self._lost

    def lose(self, region: str) -> None:
        """Drop every packet of a region from now on; its count begins at zero."""
        self._known(region)
        if region not in self._lost:
            self._counted.pop(region, None)
            self._change(self._lost | {region})

    def restore(self, region: str) -> None:
        self._known(region)
        self._change(self._lost - {region})

    def follow(self, landscape: Landscape) -> None:
        """Take in hosts and addresses that came or went since."""
        self._landscape = landscape
        self._change(self._lost)

    def dropped(self, region: str) -> Dropped:
        """Packets tried toward a region in its present or last loss."""
        return self._counted.get(region, Dropped()).plus(self._standing().get(region, Dropped()))

    def _change(self, lost: frozenset[str]) -> None:
        text = rules(lost, self._landscape)
        if text != self._applied:
            # Rewriting the chain sets its counters to zero: they are taken over first.
            for region, standing in self._standing().items():
                self._counted[region] = self._counted.get(region, Dropped()).plus(standing)
            firewall.apply(text)
            self._applied = text
        self._lost = lost

    @staticmethod
    def _standing() -> dict[str, Dropped]:
        found: dict[str, Dropped] = {}
        for comment, packets in firewall.counters("raw", "DRKIT-LOST").items():
            kind, region = comment.split("/")
            known = found.get(region, Dropped())
            if kind == "endpoint":
                found[region] = replace(known, endpoint=known.endpoint + packets)
            else:
                found[region] = replace(known, hosts=known.hosts + packets)
        return found

    @staticmethod
    def _known(region: str) -> None:
        names = [door.region for door in addresses.DOORS]
        if region not in names:
            raise UsageError(f"no region {region!r}", remedy=f"one of: {', '.join(names)}")
