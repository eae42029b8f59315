"""Every type of the table in one stack: deployed, compared with the API, refreshed, destroyed."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from pulumi import automation as auto

from drkit.sandbox.provider.types import TYPES
from tests.integration.provider import programs
from tests.integration.provider.cloud import ACCOUNT, Cloud, Program, Project, changes

# Older names of the same resources, for which the rows are the same.
ALIASES = ("V2:", "BucketObject")


@pytest.fixture(scope="module")
def program(cloud: Cloud) -> Program:
    image = cloud.register_image()

    def everything() -> None:
        programs.hosts(programs.network(), image)
        programs.storage()
        programs.identities()
        programs.names()

    return everything


@pytest.fixture(scope="module")
def deployed(
    cloud: Cloud, program: Program, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Project, auto.UpResult]]:
    project = Project(cloud=cloud, folder=tmp_path_factory.mktemp("whole"))
    yield project, project.up(program)
    project.destroy()


@pytest.fixture(scope="module")
def state(deployed: tuple[Project, auto.UpResult]) -> dict[str, Any]:
    """Each resource of the stack by its short type and logical name: its outputs with its id."""
    exported = deployed[0].stack(lambda: None).export_stack().deployment or {}
    return {
        f"{each['type'].rpartition(':')[2]}/{each['urn'].rpartition('::')[2]}": {
            **each.get("outputs", {}),
            "id": each["id"],
        }
        for each in exported["resources"]
        if each["type"].startswith("aws:")
    }


def test_every_type_of_the_table_is_deployed(
    deployed: tuple[Project, auto.UpResult], state: dict[str, Any]
) -> None:
    made = {name.partition("/")[0] for name in state}
    known = {name.rpartition(":")[2] for name in TYPES if not any(each in name for each in ALIASES)}
    assert known <= made
    assert set(changes(deployed[1])) == {"create"}


def test_a_second_up_changes_nothing(
    deployed: tuple[Project, auto.UpResult], program: Program
) -> None:
    assert set(changes(deployed[0].up(program))) == {"same"}


def test_a_refresh_sees_no_drift(deployed: tuple[Project, auto.UpResult], program: Program) -> None:
    assert set(changes(deployed[0].refresh(program))) == {"same"}
    assert set(changes(deployed[0].preview(program))) == {"same"}


def test_the_network_is_what_the_api_reports(cloud: Cloud, state: dict[str, Any]) -> None:
    ec2 = cloud.client("ec2")
    vpc = state["Vpc/net"]
    live = ec2.describe_vpcs(VpcIds=[vpc["id"]])["Vpcs"][0]
    assert (live["CidrBlock"], vpc["cidrBlock"]) == ("10.64.0.0/16", "10.64.0.0/16")
    assert vpc["arn"] == f"arn:aws:ec2:eu-west-3:{ACCOUNT}:vpc/{vpc['id']}"
    assert vpc["enableDnsHostnames"] is True
    assert vpc["mainRouteTableId"].startswith("rtb-")
    tags = {tag["Key"]: tag["Value"] for tag in live["Tags"]}
    assert tags == vpc["tags"] == vpc["tagsAll"] == {"Name": "net"}
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc["id"]]}])["Subnets"]
    assert {each["SubnetId"]: each["MapPublicIpOnLaunch"] for each in subnets} == {
        state["Subnet/public"]["id"]: True,
        state["Subnet/private"]["id"]: False,
    }
    private = ec2.describe_route_tables(RouteTableIds=[state["RouteTable/private"]["id"]])
    routes = {
        each["DestinationCidrBlock"]: each.get("NatGatewayId")
        for each in private["RouteTables"][0]["Routes"]
        if "DestinationCidrBlock" in each
    }
    assert routes["0.0.0.0/0"] == state["NatGateway/nat"]["id"]
    [association] = private["RouteTables"][0]["Associations"]
    assert association["SubnetId"] == state["Subnet/private"]["id"]


def test_a_group_is_open_for_what_is_written_and_nothing_else(
    cloud: Cloud, state: dict[str, Any]
) -> None:
    groups = cloud.client("ec2").describe_security_groups(
        GroupIds=[state["SecurityGroup/db"]["id"], state["SecurityGroup/edge"]["id"]]
    )["SecurityGroups"]
    db, edge = sorted(groups, key=lambda each: each["GroupName"])
    assert {(each["FromPort"], *sources(each)) for each in db["IpPermissions"]} == {
        (5432, edge["GroupId"]),
        (22, edge["GroupId"]),
    }
    assert {(each["FromPort"], *sources(each)) for each in edge["IpPermissions"]} == {
        (443, "0.0.0.0/0"),
        (22, "198.18.0.0/24", "198.51.100.0/24"),
    }
    assert [each["IpProtocol"] for each in edge["IpPermissionsEgress"]] == ["-1"]


def sources(permission: dict[str, Any]) -> list[str]:
    ranges = [each["CidrIp"] for each in permission.get("IpRanges", [])]
    return ranges + [each["GroupId"] for each in permission.get("UserIdGroupPairs", [])]


def test_an_instance_is_what_the_api_reports(
    cloud: Cloud, deployed: tuple[Project, auto.UpResult], state: dict[str, Any]
) -> None:
    db = state["Instance/db"]
    answer = cloud.client("ec2").describe_instances(InstanceIds=[db["id"]])
    live = answer["Reservations"][0]["Instances"][0]
    assert live["PrivateIpAddress"] == db["privateIp"] == deployed[1].outputs["db"].value
    assert live["SubnetId"] == state["Subnet/private"]["id"]
    assert live["KeyName"] == state["KeyPair/key"]["keyName"]
    assert [each["GroupId"] for each in live["SecurityGroups"]] == db["vpcSecurityGroupIds"]
    assert db["instanceState"] == "running"
    given = cloud.client("ec2").describe_instance_attribute(
        InstanceId=db["id"], Attribute="userData"
    )["UserData"]["Value"]
    assert base64.b64decode(given) == b"#cloud-config\nhostname: db"
    assert deployed[1].outputs["db_data"].secret
    assert "plaintext" in db["userData"]  # by which Pulumi marks a decrypted secret


def test_elastic_addresses_are_those_that_the_api_gave(cloud: Cloud, state: dict[str, Any]) -> None:
    addresses = {state["Eip/nat"]["publicIp"], state["Eip/edge"]["publicIp"]}
    given = cloud.client("ec2").describe_addresses()["Addresses"]
    assert addresses == {address["PublicIp"] for address in given}
    assert len(addresses) == 2
    assert state["EipAssociation/edge"]["publicIp"] == state["Eip/edge"]["publicIp"]


def test_a_bucket_is_what_the_api_reports(cloud: Cloud, state: dict[str, Any]) -> None:
    s3 = cloud.client("s3")
    name = state["Bucket/Backup"]["bucket"]
    assert name.startswith("backup-")  # named after the resource, in small letters
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    [rule] = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    encryption = rule["ApplyServerSideEncryptionByDefault"]
    assert encryption["KMSMasterKeyID"] == state["Key/key"]["arn"]
    blocked = s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
    assert all(blocked.values())
    assert (
        json.loads(s3.get_bucket_policy(Bucket=name)["Policy"])["Statement"][0]["Effect"] == "Deny"
    )
    body = s3.get_object(Bucket=name, Key="site/epoch.json")["Body"].read()
    assert json.loads(body) == {"number": 1}
    tags = {tag["Key"] for tag in s3.get_bucket_tagging(Bucket=name)["TagSet"]}
    assert tags == {"kind"}


def test_identities_are_what_the_api_reports(
    cloud: Cloud, deployed: tuple[Project, auto.UpResult], state: dict[str, Any]
) -> None:
    iam = cloud.client("iam")
    [key] = iam.list_access_keys(UserName="boutique-backup")["AccessKeyMetadata"]
    assert key["AccessKeyId"] == deployed[1].outputs["key"].value
    secret = deployed[1].outputs["secret"]
    assert secret.secret
    assert len(secret.value) >= 40
    policy = state["UserPolicy/backup"]
    live = iam.get_user_policy(UserName="boutique-backup", PolicyName=policy["name"])
    [statement] = live["PolicyDocument"]["Statement"]
    assert statement["Action"] == ["s3:GetObject", "s3:PutObject"]
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "true"}}
    profile = iam.get_instance_profile(InstanceProfileName=state["InstanceProfile/host"]["id"])
    roles = [each["RoleName"] for each in profile["InstanceProfile"]["Roles"]]
    assert roles == [deployed[1].outputs["role"].value]


def test_records_are_what_the_api_reports(cloud: Cloud, state: dict[str, Any]) -> None:
    zone = state["Zone/shop"]["zoneId"]
    live = cloud.client("route53").list_resource_record_sets(HostedZoneId=zone)
    records = {
        (each["Name"], each["Type"]): each["ResourceRecords"][0]["Value"]
        for each in live["ResourceRecordSets"]
    }
    assert records["shop.example.", "A"] == "198.18.0.9"
    assert records["www.shop.example.", "CNAME"] == "shop.example"
    assert state["Record/www"]["fqdn"] == "www.shop.example"


def test_destroying_leaves_nothing_behind(
    cloud: Cloud, deployed: tuple[Project, auto.UpResult], state: dict[str, Any]
) -> None:
    gone = changes(deployed[0].destroy())
    assert gone == {"delete": len(state) + 1}
    ec2 = cloud.client("ec2")
    left = {each["VpcId"] for each in ec2.describe_vpcs()["Vpcs"]}
    left |= {each["AllocationId"] for each in ec2.describe_addresses()["Addresses"]}
    left |= {each["GroupId"] for each in ec2.describe_security_groups()["SecurityGroups"]}
    left |= {each["Name"] for each in cloud.client("s3").list_buckets()["Buckets"]}
    left |= {each["UserName"] for each in cloud.client("iam").list_users()["Users"]}
    left |= {each["RoleName"] for each in cloud.client("iam").list_roles()["Roles"]}
    zones = cloud.client("route53").list_hosted_zones()["HostedZones"]
    left |= {each["Id"].removeprefix("/hostedzone/") for each in zones}
    assert not left & {each["id"] for each in state.values()}
