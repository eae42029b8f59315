"""The public name as a failover record, and the fence of the backups: what `prepare` makes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from drkit.adapters.backup_policy import FENCED, BackupPolicy, standing_fence
from drkit.adapters.pulumi_outputs import prepared
from drkit.adapters.pulumi_stack import StackTool
from drkit.adapters.switch import KEY
from drkit.model.plan import DnsMethod
from drkit.model.step import StackWork
from drkit.ports import ReservedAddress
from tests.contract.pulumi.conftest import REGION, Site

FIRST = "eu-west-3"
ARN = "arn:aws:iam::123456789012:user/boutique-eu-west-3-backup"


@pytest.fixture(scope="module")
def failover(site: Site) -> Site:
    """The stack outside, of a plan whose public name is a failover record."""
    plan = site.context.plan
    dns = replace(plan.dns, method=DnsMethod.FAILOVER, switch="boutique-switch")
    made = replace(site, context=replace(site.context, plan=replace(plan, dns=dns)))
    outcome = made.bring("outside")
    assert outcome.done, outcome.failures
    return made


@pytest.fixture(scope="module")
def addresses(failover: Site) -> dict[str, ReservedAddress]:
    context = failover.context
    return dict(prepared(context.plan, context.world, context.vault).addresses)


def records(site: Site) -> dict[str, Any]:
    """The failover records by the half that they are."""
    route53 = site.cloud.client("route53")
    [zone] = route53.list_hosted_zones()["HostedZones"]
    found = route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
    return {record["Failover"]: record for record in found if record["Type"] == "A"}


def test_the_first_site_is_the_primary_and_leads_to_its_reserved_address(
    failover: Site, addresses: dict[str, ReservedAddress]
) -> None:
    found = records(failover)
    assert [found[half]["SetIdentifier"] for half in ("PRIMARY", "SECONDARY")] == [FIRST, REGION]
    for record in found.values():
        [value] = record["ResourceRecords"]
        assert value["Value"] == addresses[record["SetIdentifier"]].ip
        assert record["TTL"] == 10
    assert "HealthCheckId" not in found["SECONDARY"], "what remains is always answered"


def test_the_primary_is_ill_while_the_object_outside_can_be_read(failover: Site) -> None:
    [check] = failover.cloud.client("route53").list_health_checks()["HealthChecks"]
    assert records(failover)["PRIMARY"]["HealthCheckId"] == check["Id"]
    config = check["HealthCheckConfig"]
    assert (config["Type"], config["Inverted"], config["Port"]) == ("HTTPS", True, 443)
    assert config["ResourcePath"] == f"/boutique-switch/{KEY}"
    assert config["FullyQualifiedDomainName"] == "eu-north-1"
    assert config["FailureThreshold"] * config["RequestInterval"] <= 30


def test_of_the_switch_everybody_may_read_that_object_and_nothing_else(failover: Site) -> None:
    s3 = failover.cloud.client("s3", "eu-north-1")
    document = json.loads(s3.get_bucket_policy(Bucket="boutique-switch")["Policy"])
    [statement] = document["Statement"]
    assert statement["Action"] == "s3:GetObject"
    assert statement["Resource"] == f"arn:aws:s3:::boutique-switch/{KEY}"


def test_an_address_lies_in_its_sites_own_region(
    failover: Site, addresses: dict[str, ReservedAddress]
) -> None:
    for region, address in addresses.items():
        ec2 = failover.cloud.client("ec2", region)
        [found] = ec2.describe_addresses(AllocationIds=[address.id])["Addresses"]
        assert found["PublicIp"] == address.ip


def test_a_second_prepare_changes_nothing_and_lets_a_fence_stand(failover: Site) -> None:
    assert failover.bring("outside").changed == 0
    context = failover.context
    BackupPolicy(context.world, context.plan).fence([ARN])
    fence = standing_fence(context.world, context.plan)
    told = replace(failover, context=replace(context, fence=fence))
    assert told.bring("outside").changed == 0
    statements = BackupPolicy(context.world, context.plan).statements()
    assert [s.get("Sid") for s in statements] == [None, FENCED]
    assert failover.bring("outside").changed == 1, "and untold it would be lifted"
    assert standing_fence(context.world, context.plan) == ()


def test_the_edge_of_each_generation_takes_the_reserved_address_and_keeps_it_when_the_old_one_goes(
    failover: Site, addresses: dict[str, ReservedAddress]
) -> None:
    told = replace(failover.context, addresses=addresses)
    beneath = Site(context=told, cloud=failover.cloud)
    for stack in ("network", "storage"):
        assert beneath.bring(stack).done
    sites = []
    for generation in (2, 3):
        target = replace(told.target, generation=generation)
        # both on one network: only their hosts have to do with the address
        site = replace(beneath, context=replace(told, target=target), facts=dict(beneath.facts))
        outcome = site.bring("compute")
        assert outcome.done, outcome.failures
        assert dict(outcome.facts["hosts"])["edge-1"]["public"] == addresses[REGION].ip  # type: ignore[call-overload]
        assert site.bring("compute").changed == 0
        sites.append(site)
    old, new = sites
    ec2 = failover.cloud.client("ec2", REGION)

    def leads_to() -> object:
        [found] = ec2.describe_addresses(AllocationIds=[addresses[REGION].id])["Addresses"]
        return found["InstanceId"]

    before = leads_to()
    assert StackTool(StackWork(stack="compute")).destroy(old.seen(), lambda _line: None).done
    assert leads_to() == before
    assert new.bring("compute").changed == 0
