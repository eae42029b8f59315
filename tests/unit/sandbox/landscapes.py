"""A small landscape, to vary in tests: one network with a jump host and a private host."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network

from drkit.sandbox.landscape import (
    Condition,
    Direction,
    Group,
    Host,
    Landscape,
    Network,
    Rule,
)

WEST = Network(region="eu-west-3", id="vpc-w", cidr=IPv4Network("10.64.0.0/16"))
EDGE = Host(
    region="eu-west-3",
    id="i-edge",
    name="edge-1",
    network="vpc-w",
    address="10.64.0.4",
    condition=Condition.RUNNING,
    user_data=b"#cloud-config\n{hostname: edge-1}",
    key="ssh-ed25519 AAAA",
    groups=("sg-edge",),
    public="198.18.0.1",
    seen_as="198.18.0.1",
)
APP = replace(
    EDGE,
    id="i-app",
    address="10.64.16.4",
    groups=("sg-app",),
    public=None,
    seen_as="198.18.0.2",
    user_data=b"",
)


def permit(
    *, cidrs: tuple[str, ...] = (), groups: tuple[str, ...] = (), ports: tuple[int, int] | None
) -> Rule:
    return Rule(direction=Direction.IN, protocol="tcp", ports=ports, cidrs=cidrs, groups=groups)


GROUPS = (
    Group(id="sg-edge", rules=(permit(cidrs=("0.0.0.0/0",), ports=(22, 22)),)),
    Group(id="sg-app", rules=(permit(groups=("sg-edge",), ports=(8001, 8003)),)),
)
SMALL = Landscape(networks=(WEST,), hosts=(EDGE, APP), groups=GROUPS)
