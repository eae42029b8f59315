"""What the network of a drill lets out, as the cloud's API reports it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from drkit.adapters.muzzle import SINK_PORT
from drkit.adapters.pulumi_settings import settings_of
from drkit.errors import StepError
from drkit.model.step import RunKind
from drkit.ports import ReservedAddress
from tests.contract.pulumi.conftest import REGION, Site
from tests.fakes.names import Names, served

OUTSIDE = "198.51.100.33/32"
WORLD = "0.0.0.0/0"
DNS = {("tcp", 53, WORLD), ("udp", 53, WORLD)}
PRIVATE, PUBLIC = "10.70.16.0/20", "10.70.0.0/20"


def outward(group: dict[str, Any]) -> set[tuple[str, int, str]]:
    """What may be called that is not of the site itself."""
    return {
        (rule["IpProtocol"], rule["FromPort"], entry["CidrIp"])
        for rule in group["IpPermissionsEgress"]
        for entry in rule["IpRanges"]
        if not entry["CidrIp"].startswith("10.70.")
    }


def to_the_sink(group: dict[str, Any], side: str) -> set[str]:
    """The ranges of the rules for the sink's port."""
    rules = [rule for rule in group[side] if rule.get("FromPort") == SINK_PORT]
    assert all(rule["ToPort"] == SINK_PORT for rule in rules)
    return {entry["CidrIp"] for rule in rules for entry in rule["IpRanges"]}


def groups(site: Site) -> dict[str, dict[str, Any]]:
    ec2 = site.cloud.client("ec2", REGION)
    by_id = {str(value): name for name, value in dict(site.facts["network"]["groups"]).items()}  # type: ignore[call-overload]
    found = ec2.describe_security_groups(GroupIds=list(by_id))["SecurityGroups"]
    return {by_id[group["GroupId"]]: group for group in found}


@pytest.fixture
def zone() -> Iterator[Names]:
    """The name server of the world, in which the region outside has one address."""
    with served() as zone:
        zone.records["eu-north-1"] = ("198.51.100.33", 60)
        yield zone


@pytest.fixture
def drill(site: Site, zone: Names) -> Site:
    """The same generation as a drill's."""
    world = replace(site.context.world, resolver=f"127.0.0.1:{zone.port}")
    context = replace(site.context, kind=RunKind.VALIDATE, world=world)
    return Site(context=context, cloud=site.cloud, facts=site.facts)


def test_a_drill_calls_nothing_but_the_outside_and_its_sink(site: Site, drill: Site) -> None:
    for stack in ("outside", "network"):
        assert site.bring(stack).done
    before = groups(site)
    assert all(outward(group) == {("tcp", 443, WORLD), *DNS} for group in before.values())
    assert not any(to_the_sink(group, "IpPermissions") for group in before.values())

    outcome = drill.bring("network")
    assert outcome.done, outcome.failures
    muzzled = groups(drill)
    assert all(outward(group) == {("tcp", 443, OUTSIDE), *DNS} for group in muzzled.values())
    assert {
        name: (to_the_sink(group, "IpPermissions"), to_the_sink(group, "IpPermissionsEgress"))
        for name, group in muzzled.items()
    } == {
        "edge": ({PRIVATE}, set()),
        "app": (set(), {PUBLIC}),
        "back": (set(), {PUBLIC}),
        "db": (set(), set()),
        "cache": (set(), set()),
    }
    assert drill.bring("network").changed == 0

    assert site.bring("network").done
    assert {name: outward(group) for name, group in groups(site).items()} == {
        name: outward(group) for name, group in before.items()
    }


def test_only_a_drill_is_told_of_a_muzzle_and_none_of_the_public_address(
    site: Site, drill: Site
) -> None:
    facts: dict[str, Mapping[str, object]] = {"network": {}, "storage": {}}
    reserved = {REGION: ReservedAddress(id="eipalloc-1", ip="198.18.0.9")}
    own, rehearsed = (
        settings_of(replace(one.context, facts=facts, addresses=reserved), "compute").plain
        for one in (site, drill)
    )
    assert json.loads(rehearsed["muzzle"]) == {"outward": [OUTSIDE], "sink": SINK_PORT}
    assert rehearsed.keys() - {"muzzle"} == own.keys() - {"reservedAddress"}
    assert "muzzle" not in settings_of(drill.context, "outside").plain


def test_a_drill_whose_outside_has_no_address_is_refused(drill: Site, zone: Names) -> None:
    del zone.records["eu-north-1"]
    with pytest.raises(StepError, match="has no address"):
        settings_of(drill.context, "network")
