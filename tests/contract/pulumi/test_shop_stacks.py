"""What the shop's stacks make, as the cloud's API reports it (not as Pulumi's state has it)."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from moto.servicequotas.models import ServiceQuotasBackend

from drkit.adapters.epoch import read_epoch
from drkit.adapters.pulumi_outputs import prepared
from drkit.adapters.pulumi_stack import StackTool
from drkit.adapters.quotas import quota_problems
from drkit.adapters.ssh_files import hosts_of
from drkit.model.outcome import State
from drkit.model.record import Target
from drkit.model.step import StackWork
from drkit.sandbox.corrections import answer_quotas
from drkit.sandbox.quotas import KNOWN, Quotas
from tests.contract.pulumi.conftest import REGION, ROOT, Site

FLOWS = {
    "edge": {(443, 443, "world"), (22, 22, "world")},
    "app": {(8001, 8003, "edge"), (22, 22, "edge")},
    "back": {(8004, 8005, "edge"), (22, 22, "edge")},
    "db": {(5432, 5432, "app"), (5432, 5432, "back"), (22, 22, "edge")},
    "cache": {(6379, 6379, "app"), (22, 22, "edge")},
}


def tags(entry: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in entry["Tags"]}


def test_a_second_up_of_every_stack_changes_nothing(built: Site) -> None:
    changed = {
        stack: built.bring(stack).changed for stack in ("outside", "network", "storage", "compute")
    }
    assert changed == {"outside": 0, "network": 0, "storage": 0, "compute": 0}


def test_hosts_are_six_with_groups_addresses_and_pinned_keys(built: Site) -> None:
    hosts = hosts_of(built.facts)
    assert {name: host["groups"] for name, host in hosts.items()} == {
        "edge-1": ["edge"],
        "db-1": ["db"],
        "cache-1": ["cache"],
        "app-1": ["app"],
        "app-2": ["app"],
        "back-1": ["back"],
    }
    assert len({str(host["host_key"]) for host in hosts.values()}) == 6
    assert all(str(host["host_key"]).startswith("ssh-ed25519 ") for host in hosts.values())
    assert [name for name, host in hosts.items() if host["public"]] == ["edge-1"]
    assert str(hosts["db-1"]["address"]).startswith("10.70.32.")


def test_a_listener_is_open_to_the_groups_of_the_flow_table_and_to_no_other(built: Site) -> None:
    ec2 = built.cloud.client("ec2", REGION)
    by_id = {str(value): name for name, value in dict(built.facts["network"]["groups"]).items()}  # type: ignore[call-overload]
    found = {}
    for group in ec2.describe_security_groups(GroupIds=list(by_id))["SecurityGroups"]:
        rules = set()
        for rule in group["IpPermissions"]:
            sources = [by_id[pair["GroupId"]] for pair in rule["UserIdGroupPairs"]]
            sources += ["world" for entry in rule["IpRanges"] if entry["CidrIp"] == "0.0.0.0/0"]
            rules |= {(rule["FromPort"], rule["ToPort"], source) for source in sources}
            assert rule["IpProtocol"] == "tcp"
        found[by_id[group["GroupId"]]] = rules
        assert all(rule["IpProtocol"] != "-1" for rule in group["IpPermissionsEgress"])
    assert found == FLOWS


def test_data_has_no_way_in_from_the_internet(built: Site) -> None:
    ec2 = built.cloud.client("ec2", REGION)
    subnets: dict[str, str] = dict(built.facts["network"]["subnets"])  # type: ignore[call-overload]
    for name, way in (
        ("public", "GatewayId"),
        ("private", "NatGatewayId"),
        ("data", "NatGatewayId"),
    ):
        where = [{"Name": "association.subnet-id", "Values": [subnets[name]]}]
        (table,) = ec2.describe_route_tables(Filters=where)["RouteTables"]
        (out,) = [r for r in table["Routes"] if r.get("DestinationCidrBlock") == "0.0.0.0/0"]
        assert out.get(way), f"{name}: {out}"


def test_resources_say_what_they_are(built: Site) -> None:
    ec2 = built.cloud.client("ec2", REGION)
    (vpc,) = ec2.describe_vpcs(VpcIds=[str(built.facts["network"]["vpc"])])["Vpcs"]
    expected = {"shop": "boutique", "site": REGION, "generation": "2", "kind": "site"}
    assert (expected | {"Name": "boutique-eu-central-1.g2-vpc"}).items() <= tags(vpc).items()
    assert "r1" not in tags(vpc).values()  # never which run touched it: each would change it
    instances = [
        instance
        for reservation in ec2.describe_instances()["Reservations"]
        for instance in reservation["Instances"]
    ]
    assert len(instances) == 6
    assert all(expected.items() <= tags(instance).items() for instance in instances)
    assert {instance["InstanceType"] for instance in instances} == {"m5.large"}


@pytest.mark.parametrize("bucket", ["boutique-eu-central-1-g2", "boutique-backup", "boutique-dr"])
def test_buckets_are_encrypted_versioned_and_closed(built: Site, bucket: str) -> None:
    outside = built.context.plan.outside.region
    s3 = built.cloud.client("s3", REGION if bucket.endswith("g2") else outside)
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert set(block.values()) == {True}
    (statement,) = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"]
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_each_site_has_an_identity_per_purpose_with_one_policy(built: Site) -> None:
    made = prepared(built.context.plan, built.context.world, built.context.vault).identities
    assert set(made) == {"eu-west-3", "eu-central-1"}
    assert set(made[REGION]) == {"backup", "files", "restore", "epoch", "numbers", "own"}
    iam = built.cloud.client("iam", "us-east-1")
    allowed = {}
    for purpose, parts in made[REGION].items():
        user = parts["user"].reveal()
        (name,) = iam.list_user_policies(UserName=user)["PolicyNames"]
        document = iam.get_user_policy(UserName=user, PolicyName=name)["PolicyDocument"]
        allowed[purpose] = {
            (action, resource.removeprefix("arn:aws:s3:::"))
            for statement in document["Statement"]
            for action in statement["Action"]
            for resource in statement["Resource"]
        }
        assert "*" not in str(statement_actions(document))
        (key,) = iam.list_access_keys(UserName=user)["AccessKeyMetadata"]
        assert key["AccessKeyId"] == parts["key"].reveal()
    assert allowed["epoch"] == {("s3:GetObject", "boutique-dr/epoch.json")}
    assert allowed["numbers"] == {
        (action, "boutique-dr/numbers/*") for action in ("s3:GetObject", "s3:PutObject")
    }
    assert not any("Put" in action or "Delete" in action for action, _ in allowed["restore"])
    read = {resource for action, resource in allowed["restore"] if action == "s3:GetObject"}
    assert read == {"boutique-backup/pgbackrest/*", "boutique-backup/restic/*"}
    for purpose, below in (("backup", "pgbackrest"), ("files", "restic")):
        written = {resource for action, resource in allowed[purpose] if "Put" in action}
        assert written == {f"boutique-backup/{below}/*"}
    assert ("s3:PutObject", "boutique-eu-central-1-g*/*") in allowed["own"]
    assert not any(resource.startswith("boutique-backup") for _, resource in allowed["own"])


def statement_actions(document: dict[str, Any]) -> list[str]:
    return [action for statement in document["Statement"] for action in statement["Action"]]


def test_no_secret_of_the_stacks_is_in_the_log_of_a_try(built: Site) -> None:
    made = prepared(built.context.plan, built.context.world, built.context.vault).identities
    planted = [parts["secret"].reveal() for parts in made[REGION].values()]
    log = built.context.log.read_text()
    assert "boutique-eu-central-1-backup" in log  # the positive control: the log tells of them
    assert not [secret for secret in planted if secret in log]
    assert "PRIVATE KEY" not in log


def test_a_host_killed_by_hand_shows_as_drift_and_is_made_again(built: Site) -> None:
    tool = StackTool(StackWork(stack="compute"))
    looked = tool.look(built.seen())
    assert looked is not None
    assert (looked.state, looked.changed) == (State.DONE, 0)
    assert looked.facts == built.facts["compute"]
    ec2 = built.cloud.client("ec2", REGION)
    named = [{"Name": "tag:Name", "Values": ["boutique-eu-central-1.g2-app-2"]}]
    before = ec2.describe_instances(Filters=named)["Reservations"][0]["Instances"][0]
    ec2.terminate_instances(InstanceIds=[before["InstanceId"]])
    assert tool.look(built.seen()) is None
    assert tool.preview(built.seen()).create == 1
    keys = {name: host["host_key"] for name, host in hosts_of(built.facts).items()}
    assert built.bring("compute").changed == 1
    assert {name: host["host_key"] for name, host in hosts_of(built.facts).items()} == keys


def test_what_a_site_will_ask_of_a_region_is_what_its_stacks_made_for_the_serving_one(
    built: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the state as the CLI itself has written it: no figure of it is written down anywhere."""
    monkeypatch.setattr(
        ServiceQuotasBackend, "get_service_quota", ServiceQuotasBackend.get_service_quota
    )
    quotas, context = Quotas(), built.context
    answer_quotas(quotas)
    epoch = replace(read_epoch(context.world, context.plan), serving=context.target)
    for code in KNOWN:
        quotas.set("eu-west-3", code, 0)
    target = Target(shop=context.plan.shop, region="eu-west-3", generation=1)
    found = quota_problems(context.world, context.plan, target, epoch)
    asked = [re.search(r"asks for (\d+ [\w ]+),", problem.message) for problem in found]
    assert [match and match[1] for match in asked] == [
        "12 vCPUs of standard instances",
        "2 elastic IPs",
        "1 VPCs",
    ]


@pytest.mark.parametrize("stack", ["outside", "network", "storage", "compute"])
def test_a_stack_is_short_and_imports_no_root_of_pulumi_aws(stack: str) -> None:
    lines = (ROOT / "stacks" / stack / "__main__.py").read_text().splitlines()
    assert len(lines) < 150
    assert not [line for line in lines if line.startswith("import pulumi_aws")]
