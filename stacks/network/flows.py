"""Who may reach whom in the shop, and what a drill leaves of the ways out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

WORLD = "0.0.0.0/0"
FLOWS: tuple[tuple[str, str, int, int], ...] = (
    ("world", "edge", 443, 443),
    ("world", "edge", 22, 22),
    ("edge", "app", 8001, 8003),
    ("edge", "back", 8004, 8005),
    ("edge", "app", 22, 22),
    ("edge", "back", 22, 22),
    ("edge", "db", 22, 22),
    ("edge", "cache", 22, 22),
    ("app", "db", 5432, 5432),
    ("back", "db", 5432, 5432),
    ("app", "cache", 6379, 6379),
)
"""Who calls whom: source, target, first and last TCP port. A source stands before its targets."""
PLACES = {"edge": "public", "app": "private", "back": "private", "db": "data", "cache": "data"}
"""Group of hosts → its subnet, in an order in which sources come first."""
CALLERS = ("app", "back")
"""Groups whose hosts call providers: in a drill they call the sink on the edge instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Muzzle:
    """What a drill may call: ranges outside over TLS, and the port of its sink."""

    outward: tuple[str, ...]
    sink: int


def muzzle_of(told: Mapping[str, Any] | None) -> Muzzle | None:
    """The setting ``muzzle``; None: the site is no drill's."""
    if told is None:
        return None
    return Muzzle(outward=tuple(told["outward"]), sink=int(told["sink"]))


def outward(muzzle: Muzzle | None) -> Iterator[tuple[str, int, str]]:
    """What every host may call outside, as protocol, port and range: APIs and providers over TLS,
    and DNS. A drill is left the repository outside and DNS.
    """
    for block in muzzle.outward if muzzle else (WORLD,):
        yield "tcp", 443, block
    yield "tcp", 53, WORLD
    yield "udp", 53, WORLD
