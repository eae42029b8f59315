"""The network of one generation of a site: VPC, three subnets, ways out, and who may reach whom.

In: ``shop``, ``site``, ``generation``, ``tags``, ``cidr`` (a /16 that no other generation of the
shop uses), ``muzzle`` (in a drill: ranges that may be called outside, and the port of its sink),
``aws:region``. Out: ``vpc``, ``subnets`` and ``groups`` (name → id).

Refuses to open anything that flows.py does not list. A listener is reached by security group,
never by address; what a host may call is bounded by port and subnet, because two groups that name
each other could not be made in one pass.
"""

import ipaddress
from collections.abc import Sequence

import pulumi
from pulumi_aws import ec2
from pulumi_aws.provider import Provider

from .flows import CALLERS, FLOWS, PLACES, WORLD, muzzle_of, outward

config = pulumi.Config()
shop, site = config.require("shop"), config.require("site")
prefix = f"{shop}-{site}.g{config.require('generation')}"
region = pulumi.Config("aws").require("region")
aws = Provider("aws", region=region, default_tags={"tags": config.require_object("tags")})
made_by = pulumi.ResourceOptions(provider=aws)
muzzle = muzzle_of(config.get_object("muzzle"))

cidr = ipaddress.ip_network(config.require("cidr"))
ranges = dict(zip(("public", "private", "data"), cidr.subnets(new_prefix=20), strict=False))


def named(name: str) -> dict[str, str]:
    """The tag that a person looks for in the console."""
    return {"Name": f"{prefix}-{name}"}


vpc = ec2.Vpc(
    "vpc",
    cidr_block=str(cidr),
    enable_dns_support=True,
    enable_dns_hostnames=True,
    tags=named("vpc"),
    opts=made_by,
)
subnets = {
    name: ec2.Subnet(
        name,
        vpc_id=vpc.id,
        cidr_block=str(block),
        availability_zone=f"{region}a",
        tags=named(name),
        opts=made_by,
    )
    for name, block in ranges.items()
}

gateway = ec2.InternetGateway("internet", vpc_id=vpc.id, tags=named("internet"), opts=made_by)
address = ec2.Eip("nat", domain="vpc", tags=named("nat"), opts=made_by)
nat = ec2.NatGateway(
    "nat",
    subnet_id=subnets["public"].id,
    allocation_id=address.id,
    tags=named("nat"),
    opts=pulumi.ResourceOptions(provider=aws, depends_on=[gateway]),
)
ways_out = {
    "public": ec2.RouteTableRouteArgs(cidr_block=WORLD, gateway_id=gateway.id),
    "private": ec2.RouteTableRouteArgs(cidr_block=WORLD, nat_gateway_id=nat.id),
}
tables = {
    name: ec2.RouteTable(name, vpc_id=vpc.id, routes=[way], tags=named(name), opts=made_by)
    for name, way in ways_out.items()
}
for name, subnet in subnets.items():
    ec2.RouteTableAssociation(
        name,
        subnet_id=subnet.id,
        route_table_id=tables["public" if name == "public" else "private"].id,
        opts=made_by,
    )


def ingress(group: str) -> Sequence[ec2.SecurityGroupIngressArgs]:
    """What ``group`` listens to; its sources are made before it. The sink's callers come after the
    edge, which is open to their subnets therefore.
    """
    heard = [
        ec2.SecurityGroupIngressArgs(
            protocol="tcp",
            from_port=first,
            to_port=last,
            cidr_blocks=[WORLD] if source == "world" else None,
            security_groups=None if source == "world" else [groups[source].id],
            description=f"from {source}",
        )
        for source, target, first, last in FLOWS
        if target == group
    ]
    if muzzle and group == "edge":
        heard.append(
            ec2.SecurityGroupIngressArgs(
                protocol="tcp",
                from_port=muzzle.sink,
                to_port=muzzle.sink,
                cidr_blocks=sorted({str(ranges[PLACES[caller]]) for caller in CALLERS}),
                description="to the sink of a drill",
            )
        )
    return heard


def egress(group: str) -> Sequence[ec2.SecurityGroupEgressArgs]:
    """What ``group`` may call: its flows, bounded by the target's subnet, and the outward ports."""
    calls = {(protocol, port, port, block) for protocol, port, block in outward(muzzle)}
    if muzzle and group in CALLERS:
        calls.add(("tcp", muzzle.sink, muzzle.sink, str(ranges[PLACES["edge"]])))
    for source, target, first, last in FLOWS:
        if source == group:
            calls.add(("tcp", first, last, str(ranges[PLACES[target]])))
    return [
        ec2.SecurityGroupEgressArgs(
            protocol=protocol, from_port=first, to_port=last, cidr_blocks=[block]
        )
        for protocol, first, last, block in sorted(calls)
    ]


groups: dict[str, ec2.SecurityGroup] = {}
for name in PLACES:
    groups[name] = ec2.SecurityGroup(
        name,
        name=f"{prefix}-{name}",
        description=f"Hosts of group {name}",
        vpc_id=vpc.id,
        ingress=ingress(name),
        egress=egress(name),
        tags=named(name),
        opts=made_by,
    )

pulumi.export("vpc", vpc.id)
pulumi.export("subnets", {name: subnet.id for name, subnet in subnets.items()})
pulumi.export("groups", {name: group.id for name, group in groups.items()})
