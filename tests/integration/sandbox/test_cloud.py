"""What the API grants and refuses, what DNS answers, and the secrets that are made."""

from __future__ import annotations

import json
import subprocess
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import dns.resolver
import pytest
import yaml
from botocore.exceptions import ClientError, ConnectTimeoutError

from drkit.adapters.cloud import client
from drkit.adapters.worlds import world_of_sandbox
from drkit.sandbox import addresses
from tests.integration.sandbox.lab import Sandbox

BUCKET = "kept-outside"
DENIED = "403"
"""Of a service that speaks JSON: moto (5.2) denies in XML, in which SDKs find no code."""


@pytest.fixture(scope="module")
def bucket(sandbox: Sandbox) -> str:
    s3 = sandbox.client("s3", "eu-north-1")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-north-1"})
    s3.put_object(Bucket=BUCKET, Key="a b/c+d=é", Body=b"first")
    return BUCKET


@pytest.fixture
def reader(sandbox: Sandbox, bucket: str) -> Any:
    """The access key of a user who may only read the bucket."""
    iam = sandbox.client("iam")
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "s3:Get*", "Resource": f"arn:aws:s3:::{bucket}/*"}
        ],
    }
    iam.create_user(UserName="reader")
    iam.put_user_policy(UserName="reader", PolicyName="read", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName="reader")["AccessKey"]
    yield key
    iam.delete_access_key(UserName="reader", AccessKeyId=key["AccessKeyId"])
    iam.delete_user_policy(UserName="reader", PolicyName="read")
    iam.delete_user(UserName="reader")


def refused(call: Any, *arguments: Any, **named: Any) -> str:
    """The error code of a call that must fail."""
    with pytest.raises(ClientError) as caught:
        call(*arguments, **named)
    return str(caught.value.response["Error"]["Code"])


def test_a_read_only_key_reads_and_its_write_is_denied(
    sandbox: Sandbox, bucket: str, reader: Any
) -> None:
    s3 = sandbox.client_of(
        "s3", "eu-north-1", key=reader["AccessKeyId"], secret=reader["SecretAccessKey"]
    )
    assert s3.get_object(Bucket=bucket, Key="a b/c+d=é")["Body"].read() == b"first"
    assert refused(s3.put_object, Bucket=bucket, Key="new", Body=b"") == "AccessDenied"
    assert refused(s3.delete_object, Bucket=bucket, Key="a b/c+d=é") == "AccessDenied"


def test_what_was_called_is_recorded_and_what_may_be_called_is_simulated(
    sandbox: Sandbox, bucket: str, reader: Any
) -> None:
    mine = {"key": reader["AccessKeyId"], "secret": reader["SecretAccessKey"]}
    s3 = sandbox.client_of("s3", "eu-north-1", **mine)
    assert refused(s3.get_bucket_policy, Bucket=bucket) == "AccessDenied"
    assert refused(sandbox.client_of("cloudtrail", "eu-north-1", **mine).lookup_events) == DENIED
    [_, event] = [
        json.loads(event["CloudTrailEvent"])
        for event in sandbox.client("cloudtrail", "eu-north-1").lookup_events()["Events"]
        if event["Username"] == "reader"
    ]
    assert (event["eventSource"], event["eventName"]) == ("s3.amazonaws.com", "GetBucketPolicy")
    assert event["requestParameters"] == {"bucketName": bucket}
    assert event["errorCode"] == "AccessDenied"
    iam = sandbox.client("iam")
    who = iam.get_user(UserName="reader")["User"]["Arn"]
    said = iam.simulate_principal_policy(
        PolicySourceArn=who,
        ActionNames=["s3:GetObject", "s3:PutObject"],
        ResourceArns=[f"arn:aws:s3:::{bucket}/a"],
    )["EvaluationResults"]
    assert [each["EvalDecision"] for each in said] == ["allowed", "implicitDeny"]


def test_calls_of_what_is_global_are_recorded_where_it_is(sandbox: Sandbox) -> None:
    sandbox.client("iam").list_users()
    events = client(world_of_sandbox(sandbox.state), "cloudtrail", "us-east-1").lookup_events()[
        "Events"
    ]
    assert "ListUsers" in [event["EventName"] for event in events]


def test_nothing_is_copied_that_a_key_may_not_read_or_that_another_region_has(
    sandbox: Sandbox, bucket: str, reader: Any
) -> None:
    operator = sandbox.client("s3", "eu-north-1")
    here = {"CreateBucketConfiguration": {"LocationConstraint": "eu-north-1"}}
    operator.create_bucket(Bucket="closed", **here)
    operator.put_object(Bucket="closed", Key="x", Body=b"hidden")
    writer = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
        ],
    }
    iam = sandbox.client("iam")
    iam.put_user_policy(UserName="reader", PolicyName="write", PolicyDocument=json.dumps(writer))
    s3 = sandbox.client_of(
        "s3", "eu-north-1", key=reader["AccessKeyId"], secret=reader["SecretAccessKey"]
    )
    closed = {"Bucket": "closed", "Key": "x"}
    readable = {"Bucket": bucket, "Key": "a b/c+d=é"}
    assert refused(s3.copy_object, Bucket=bucket, Key="n", CopySource=closed) == "AccessDenied"
    assert s3.copy_object(Bucket=bucket, Key="n", CopySource=readable)
    operator.delete_object(Bucket=bucket, Key="n")
    iam.delete_user_policy(UserName="reader", PolicyName="write")
    west = sandbox.client("s3", "eu-west-3")
    west.create_bucket(Bucket="west", CreateBucketConfiguration={"LocationConstraint": "eu-west-3"})
    across = refused(west.copy_object, Bucket="west", Key="n", CopySource=readable)
    assert across == "InvalidRequest"
    assert operator.copy_object(Bucket="closed", Key="n", CopySource=readable)


def test_a_subnet_with_an_instance_is_not_deleted(sandbox: Sandbox) -> None:
    network = sandbox.network("eu-west-3", "10.73.0.0/16")
    group = sandbox.group(network, "any")
    started = sandbox.start(network, "any-1", subnet=network.private, group=group)
    ec2 = sandbox.client("ec2")
    assert refused(ec2.delete_subnet, SubnetId=network.private) == "DependencyViolation"
    ec2.terminate_instances(InstanceIds=[started["InstanceId"]])
    ec2.delete_subnet(SubnetId=network.private)


def test_a_revoked_key_and_a_wrong_secret_are_refused(
    sandbox: Sandbox, bucket: str, reader: Any
) -> None:
    key, secret = reader["AccessKeyId"], reader["SecretAccessKey"]
    forged = sandbox.client_of("s3", "eu-north-1", key=key, secret="wrong")
    assert refused(forged.get_object, Bucket=bucket, Key="x") == "SignatureDoesNotMatch"
    sandbox.client("iam").update_access_key(UserName="reader", AccessKeyId=key, Status="Inactive")
    revoked = sandbox.client_of("s3", "eu-north-1", key=key, secret=secret)
    assert refused(revoked.get_object, Bucket=bucket, Key="x") == "InvalidAccessKeyId"


def test_a_region_answers_at_its_own_door_only(sandbox: Sandbox, bucket: str) -> None:
    elsewhere = sandbox.client("s3", "eu-west-3")
    assert refused(elsewhere.get_object, Bucket=bucket, Key="a b/c+d=é") == "InvalidRequest"
    operator = sandbox.state["credentials"]["operator"]
    door = sandbox.state["regions"]["eu-west-3"]["endpoint"]
    import boto3

    iam = boto3.Session(operator["key"], operator["secret"]).client(
        "iam", region_name="us-east-1", endpoint_url=door, verify=sandbox.state["ca"]
    )
    assert refused(iam.list_users) == "InvalidRequest", "what is global is not in a region"


def test_what_the_sandbox_does_not_have_is_refused_by_name(sandbox: Sandbox) -> None:
    ec2 = sandbox.client("ec2")
    image = ec2.describe_images(Owners=["self"])["Images"][0]["ImageId"]
    wanted = {"ImageId": image, "InstanceType": "m5.large", "MinCount": 1, "MaxCount": 1}
    with pytest.raises(ClientError, match=r"p9\.vast"):
        ec2.run_instances(**wanted | {"InstanceType": "p9.vast"})
    with pytest.raises(ClientError, match="ami-0"):
        ec2.run_instances(**wanted | {"ImageId": "ami-0"})
    with pytest.raises(ClientError, match=r"192\.168\.0\.0/16"):
        ec2.create_vpc(CidrBlock="192.168.0.0/16")
    assert refused(ec2.run_instances, **wanted) == "VPCIdNotSpecified", "no default network"


def test_elastic_ips_and_addresses_of_instances_are_never_the_same(sandbox: Sandbox) -> None:
    """One pool gives both, and no region's part of it can be taken by wish."""
    given: list[str] = []
    networks = {"eu-west-3": "10.71.0.0/16", "eu-north-1": "10.72.0.0/16"}
    for region, cidr in networks.items():
        network = sandbox.network(region, cidr)
        ec2 = sandbox.client("ec2", region)
        interface = {
            "DeviceIndex": 0,
            "SubnetId": network.public,
            "AssociatePublicIpAddress": True,
        }
        image = ec2.describe_images(Owners=["self"])["Images"][0]["ImageId"]
        started = ec2.run_instances(
            ImageId=image,
            InstanceType="m5.large",
            MinCount=2,
            MaxCount=2,
            NetworkInterfaces=[interface],
        )["Instances"]
        given += [instance["PublicIpAddress"] for instance in started]
        given += [ec2.allocate_address(Domain="vpc")["PublicIp"] for _ in range(3)]
        for taken in (given[0], given[-1]):
            assert refused(ec2.allocate_address, Address=taken) == "InvalidAddress.NotFound"
        ec2.terminate_instances(InstanceIds=[instance["InstanceId"] for instance in started])
    assert len(set(given)) == len(given) == 10
    assert all(IPv4Address(address) in addresses.ELASTIC for address in given)


def test_two_networks_of_one_range_are_refused(sandbox: Sandbox) -> None:
    vpc = sandbox.client("ec2").create_vpc(CidrBlock="10.70.0.0/16")["Vpc"]["VpcId"]
    other = sandbox.client("ec2", "eu-central-1")
    with pytest.raises(ClientError, match=vpc):
        other.create_vpc(CidrBlock="10.70.128.0/17")
    sandbox.client("ec2").delete_vpc(VpcId=vpc)
    created = other.create_vpc(CidrBlock="10.70.128.0/17")["Vpc"]["VpcId"]
    other.delete_vpc(VpcId=created)


def test_dns_answers_a_route53_record_with_its_time_to_live(sandbox: Sandbox) -> None:
    route53 = sandbox.client("route53")
    zone = route53.create_hosted_zone(Name="shop.example", CallerReference="test")["HostedZone"]

    def point(address: str) -> None:
        record = {
            "Name": "shop.example",
            "Type": "A",
            "TTL": 47,
            "ResourceRecords": [{"Value": address}],
        }
        route53.change_resource_record_sets(
            HostedZoneId=zone["Id"],
            ChangeBatch={"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]},
        )

    with pytest.raises(dns.resolver.NoAnswer):
        sandbox.ask("shop.example")
    point("198.18.0.7")
    answer = sandbox.ask("shop.example")
    assert [str(record) for record in answer] == ["198.18.0.7"]
    assert answer.rrset is not None
    assert answer.rrset.ttl == 47
    point("198.18.0.8")
    assert [str(record) for record in sandbox.ask("SHOP.example.")] == ["198.18.0.8"]
    with pytest.raises(dns.resolver.NXDOMAIN):
        sandbox.ask("nowhere.example")


def test_dns_answers_the_fixed_names(sandbox: Sandbox) -> None:
    door = sandbox.state["regions"]["eu-west-3"]
    answer = sandbox.ask(door["name"])
    assert door["endpoint"] == f"https://{answer[0]}"
    assert str(sandbox.ask("card-a.example")[0]) == sandbox.state["world"]["address"]


def test_a_lost_global_leaves_regions_and_names_alone(sandbox: Sandbox, bucket: str) -> None:
    sandbox.cli("lose", "global")
    with pytest.raises(ConnectTimeoutError):
        sandbox.impatient("iam", "global").list_users()
    assert sandbox.client("s3", "eu-north-1").list_objects_v2(Bucket=bucket)["KeyCount"] == 1
    assert sandbox.ask("card-a.example")
    sandbox.cli("restore", "global")
    assert sandbox.client("iam").list_users()["Users"]


def test_an_unknown_region_cannot_be_lost(sandbox: Sandbox) -> None:
    done = sandbox.cli("lose", "eu-south-9")
    assert done.returncode == 2
    assert "eu-central-1" in done.stderr, "it names those there are"


def test_a_region_is_short_of_a_type_until_that_ends_and_the_status_says_so(
    sandbox: Sandbox,
) -> None:
    ec2 = sandbox.client("ec2", "eu-central-1")
    wanted = {"InstanceType": "m6i.large", "ImageId": "ami-nosuch", "MinCount": 1, "MaxCount": 1}
    assert sandbox.cli("shortage", "eu-central-1", "m6i.large").returncode == 0
    assert refused(ec2.run_instances, **wanted) == "InsufficientInstanceCapacity"
    assert "eu-central-1 has no room for m6i.large" in sandbox.cli("status").stdout
    assert refused(sandbox.client("ec2").run_instances, **wanted) != "InsufficientInstanceCapacity"
    assert sandbox.cli("shortage", "eu-central-1", "m6i.large", "--end").returncode == 0
    assert refused(ec2.run_instances, **wanted) != "InsufficientInstanceCapacity"
    assert "has no room" not in sandbox.cli("status").stdout
    assert sandbox.cli("shortage", "eu-central-1", "m6i.lage").returncode == 2


def test_a_quota_is_what_it_was_set_to_and_is_told_to_who_may_ask(
    sandbox: Sandbox, reader: Any
) -> None:
    asked = {"ServiceCode": "ec2", "QuotaCode": "L-0263D0A3"}
    quotas = sandbox.client("service-quotas", "eu-central-1")
    before = quotas.get_service_quota(**asked)["Quota"]["Value"]
    assert sandbox.cli("quota", "eu-central-1", "L-0263D0A3", "3").returncode == 0
    assert quotas.get_service_quota(**asked)["Quota"]["Value"] == 3
    assert sandbox.client("service-quotas").get_service_quota(**asked)["Quota"]["Value"] == before
    key, secret = reader["AccessKeyId"], reader["SecretAccessKey"]
    theirs = sandbox.client_of("service-quotas", "eu-central-1", key=key, secret=secret)
    with pytest.raises(ClientError, match="AccessDenied"):
        theirs.get_service_quota(**asked)
    assert sandbox.cli("quota", "eu-central-1", "L-0263D0A3", str(before)).returncode == 0


def test_secrets_are_sealed_and_not_overwritten(sandbox: Sandbox, tmp_path: Path) -> None:
    from ansible.parsing.vault import VaultLib, VaultSecret

    path = tmp_path / "secrets.yml"
    assert sandbox.cli("secrets", "--output", str(path)).returncode == 0
    sealed = path.read_text()
    assert sealed.startswith("$ANSIBLE_VAULT;")
    password = sandbox.cli("vault-password").stdout.strip()
    vault = VaultLib([("default", VaultSecret(password.encode()))])
    found = yaml.safe_load(vault.decrypt(sealed))
    assert {"db_password", "ssh_key", "tls_cert", "tls_key", "card_key"} <= set(found)
    (tmp_path / "shop.crt").write_text(found["tls_cert"])
    subprocess.run(
        ["openssl", "verify", "-CAfile", sandbox.state["ca"], tmp_path / "shop.crt"],
        check=True,
        capture_output=True,
        timeout=10,
    )
    assert sandbox.cli("secrets", "--output", str(path)).returncode == 2
    assert path.read_text() == sealed
    assert sandbox.cli("secrets", "--output", str(path), "--force").returncode == 0
    assert path.read_text() != sealed
