"""Every address and name of the sandbox, in one place.

All ranges are private or set aside for documentation and benchmarks (RFC 1918, 5737, 2544), so
nothing real is shadowed. Nothing else in the sandbox writes an address down.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Final

ACCOUNT: Final = "000000000000"
IMAGE: Final = "shop-12"
INSTANCE_TYPES: Final = ("t3.small", "t3.medium", "m5.large", "m6i.large")

NETWORKS: Final = IPv4Network("10.64.0.0/12")
"""Where the networks (VPCs) of all regions lie."""
ENDPOINTS: Final = IPv4Network("198.51.100.0/24")
"""The sandbox's own outside: APIs, name server, world."""
ELASTIC: Final = IPv4Network("198.18.0.0/24")
"""Elastic IPs, and the addresses that NAT gateways show."""
FLOOR: Final = (NETWORKS, ENDPOINTS, ELASTIC)

INTERFACE: Final = "drkit0"
NAME_SERVER: Final = "198.51.100.53"
WORLD: Final = "198.51.100.60"
WORLD_SERVICES: Final = ("card-a", "card-b", "carrier", "mailbox")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """The front door of a region, or of what is global: one address, one name."""

    region: str
    address: str

    @property
    def name(self) -> str:
        return f"aws.{self.region}.sandbox.example"

    @property
    def url(self) -> str:
        return f"https://{self.address}"


REGIONS: Final = (
    Endpoint(region="eu-west-3", address="198.51.100.13"),
    Endpoint(region="eu-central-1", address="198.51.100.23"),
    Endpoint(region="eu-north-1", address="198.51.100.33"),
)
GLOBAL: Final = Endpoint(region="global", address="198.51.100.43")
DOORS: Final = (*REGIONS, GLOBAL)


def fixed_names() -> dict[str, str]:
    """The names that the sandbox's DNS answers by itself: name → address."""
    names = {door.name: door.address for door in DOORS}
    return names | {world_name(service): WORLD for service in WORLD_SERVICES}


def world_name(service: str) -> str:
    """The public name of a service of the world, such as ``card-a.example``."""
    return f"{service}.example"
