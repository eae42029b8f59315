"""Reads the landscape out of moto's EC2 (5.2.5), and writes back what happened to hosts.

The only module that knows how moto keeps networks and instances; everything past it is values.
Nothing is decided here but what a route table means: a default route to an internet gateway
makes an elastic IP work, one to a NAT gateway gives a way out.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Any

from moto.ec2.models import ec2_backends

from drkit.sandbox import addresses
from drkit.sandbox.landscape import Condition, Direction, Group, Host, Landscape, Network, Rule

CONDITIONS = {
    "pending": Condition.RUNNING,
    "running": Condition.RUNNING,
    "stopping": Condition.STOPPED,
    "stopped": Condition.STOPPED,
}


PASSING = "validation"
"""Tag ``kind`` of what drkit takes away again; a real cloud gives it processors of its own."""


def backend(region: str) -> Any:
    """moto's EC2 of one region."""
    return ec2_backends[addresses.ACCOUNT][region]


def landscape() -> Landscape:
    """What the API says now, of all regions."""
    networks: list[Network] = []
    hosts: list[Host] = []
    groups: list[Group] = []
    for region in (door.region for door in addresses.REGIONS):
        ec2 = backend(region)
        networks += [
            Network(region=region, id=vpc.id, cidr=IPv4Network(vpc.cidr_block))
            for vpc in list(ec2.vpcs.values())
        ]
        hosts += [_host(region, instance) for instance in _instances(ec2)]
        groups += [
            _group(group) for by_id in list(ec2.groups.values()) for group in list(by_id.values())
        ]
    return Landscape(networks=tuple(networks), hosts=tuple(hosts), groups=tuple(groups))


def elastic_in_use() -> frozenset[str]:
    """Every public address that any region has given away."""
    used: set[str] = set()
    for region in (door.region for door in addresses.REGIONS):
        ec2 = backend(region)
        used |= {address.public_ip for address in list(ec2.addresses)}
        used |= {nic.public_ip for nic in list(ec2.enis.values()) if nic.public_ip}
    return frozenset(used)


def instances_in(subnet: str) -> tuple[str, ...]:
    """The instances that are in a subnet, of any region, and not terminated."""
    return tuple(
        instance.id
        for door in addresses.REGIONS
        for instance in _instances(backend(door.region))
        if instance.subnet_id == subnet and instance.state in CONDITIONS
    )


def stopped(region: str, instance: str) -> None:
    """Say in the API that a host went down by itself, as if its system had shut down."""
    found = backend(region).get_instance(instance)
    found.stop()
    found.state_reason.code = "Client.InstanceInitiatedShutdown"
    found.state_reason.message = "Client.InstanceInitiatedShutdown: Instance initiated shutdown"


def terminated(region: str, instance: str) -> None:
    """Say in the API that a host is gone for good."""
    found = backend(region).get_instance(instance)
    found.terminate()
    found.state_reason.code = "Server.InternalError"
    found.state_reason.message = "Server.InternalError: the host was removed"


def _instances(ec2: Any) -> Iterator[Any]:
    for reservation in list(ec2.reservations.values()):
        yield from list(reservation.instances)


def _host(region: str, instance: Any) -> Host:
    ec2 = backend(region)
    condition = CONDITIONS.get(instance.state, Condition.GONE)
    exit_of = _exit(ec2, instance.subnet_id) if condition is not Condition.GONE else None
    public = instance.public_ip if exit_of == "internet" else None
    key = ec2.key_pairs.get(instance.key_name) if instance.key_name else None
    tags = {tag["key"]: tag["value"] for tag in instance.get_tags()}
    return Host(
        region=region,
        id=instance.id,
        name=tags.get("Name", ""),
        network=instance.vpc_id or "",
        address=instance.private_ip or "",
        condition=condition,
        user_data=_user_data(instance.user_data),
        key=key.material_public.decode().strip() if key else "",
        groups=tuple(group.id for group in instance.security_groups),
        public=public,
        seen_as=public if exit_of == "internet" else exit_of,
        passing=tags.get("kind") == PASSING,
    )


def _user_data(encoded: Any) -> bytes:
    if not encoded:
        return b""
    return base64.b64decode(encoded.as_bytes())


def _exit(ec2: Any, subnet: str | None) -> str | None:
    """Give "internet", the address that a NAT gateway shows, or None."""
    for route in _routes(ec2, subnet):
        if route.destination_cidr_block != "0.0.0.0/0":
            continue
        if route.gateway is not None and getattr(route.gateway, "vpc", None) is not None:
            return "internet"
        if route.nat_gateway is not None and route.nat_gateway.state == "available":
            return str(route.nat_gateway.address_set[0].get("publicIp", "")) or None
    return None


def _routes(ec2: Any, subnet: str | None) -> list[Any]:
    """The routes of a subnet; none where the subnet or its tables are gone."""
    found = (by_id[subnet] for by_id in list(ec2.subnets.values()) if subnet in by_id)
    vpc = next((each.vpc_id for each in found), None)
    tables = [table for table in list(ec2.route_tables.values()) if table.vpc_id == vpc]
    main = (table for table in tables if table.main_association_id is not None)
    own = (
        table
        for table in tables
        if any(link.get("SubnetId") == subnet for link in list(table.associations))
    )
    table = next(own, None) or next(main, None)
    return [] if table is None else list(table.routes)


def _group(group: Any) -> Group:
    rules = [_rule(Direction.IN, rule) for rule in list(group.ingress_rules)]
    rules += [_rule(Direction.OUT, rule) for rule in list(group.egress_rules)]
    return Group(id=group.id, rules=tuple(rules))


def _rule(direction: Direction, rule: Any) -> Rule:
    ports = None
    if rule.from_port is not None and rule.ip_protocol in {"tcp", "udp"}:
        ports = (int(rule.from_port), int(rule.to_port))
    cidr = rule.ip_range.get("CidrIp")
    group = rule.source_group.get("GroupId")
    return Rule(
        direction=direction,
        protocol="all" if rule.ip_protocol in {None, "-1"} else str(rule.ip_protocol),
        ports=ports,
        cidrs=(cidr,) if cidr else (),
        groups=(group,) if group else (),
    )
