"""Who reaches whom: the flows of the shop pass, and no other. Each is tried, none assumed."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations

from drkit.checking.reach import Flow, Ports, Reach
from drkit.checking.site import Machine, Site

_SERVICES = (22, 443, 5432, 6379, *range(8001, 8006))
_ALLOWED = {
    ("edge", "app"): {22, 8001, 8002, 8003},
    ("edge", "back"): {22, 8004, 8005},
    ("edge", "db"): {22},
    ("edge", "cache"): {22},
    ("app", "db"): {5432},
    ("back", "db"): {5432},
    ("app", "cache"): {6379},
}
_OPEN_TO_THE_WORLD = {("edge", 443), ("edge", 22)}


def _flows(site: Site) -> Iterator[tuple[Flow, bool]]:
    """Every connection between two hosts on a service's port, and whether it must pass."""
    for source, destination in permutations(site.machines, 2):
        for port in _SERVICES:
            if any((group, port) in _OPEN_TO_THE_WORLD for group in destination.groups):
                # The world may, so these hosts may as well: neither wanted nor refused.
                continue
            yield Flow(source.name, destination.name, port), _allowed(source, destination, port)


def _allowed(source: Machine, destination: Machine, port: int) -> bool:
    return any(
        port in _ALLOWED.get((one, other), ())
        for one in source.groups
        for other in destination.groups
    )


def test_every_flow_of_the_shop_passes_and_no_other(site: Site, ports: Ports) -> None:
    wanted = dict(_flows(site))
    found = ports.reach(wanted)
    blocked = [f"{flow} is {found[flow]}" for flow in wanted if _blocked(flow, wanted, found)]
    leaks = [f"{flow} is {found[flow]}" for flow in wanted if _leaks(flow, wanted, found)]
    assert not blocked, f"flows that the shop needs do not pass: {', '.join(blocked)}"
    assert not leaks, f"connections pass that no service needs: {', '.join(leaks)}"


def _blocked(flow: Flow, wanted: Mapping[Flow, bool], found: Mapping[Flow, Reach]) -> bool:
    return wanted[flow] and found[flow] is not Reach.OPEN


def _leaks(flow: Flow, wanted: Mapping[Flow, bool], found: Mapping[Flow, Reach]) -> bool:
    return not wanted[flow] and found[flow] in (Reach.OPEN, Reach.REFUSED)


def test_the_world_reaches_the_edge_and_nothing_behind_it(site: Site) -> None:
    for machine in site.machines:
        if machine.public is None:
            assert "edge" not in machine.groups, f"{machine.name} has no public address"
            continue
        assert "edge" in machine.groups, f"{machine.name} has the public address {machine.public}"
        assert _passed(machine.public) == {22, 443}


def _passed(address: str) -> set[int]:
    """The ports that a stranger gets through to. Side by side: a dropped one costs its time-out."""
    with ThreadPoolExecutor(len(_SERVICES)) as pool:
        connected = pool.map(lambda port: _connects(address, port), _SERVICES)
        return {port for port, passed in zip(_SERVICES, connected, strict=True) if passed}


def _connects(address: str, port: int) -> bool:
    try:
        with socket.create_connection((address, port), timeout=1.5):
            return True
    except OSError:
        return False
