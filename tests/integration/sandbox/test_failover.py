"""A failover record by its data plane: an object outside is turned, and customers are sent
elsewhere, while the control planes of Route 53 and IAM are lost."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import Any

import pytest

from drkit.adapters.cloud import client, said_by_cloud
from drkit.adapters.worlds import world_of_sandbox
from tests.integration.sandbox.lab import SECOND, Sandbox, eventually

BUCKET, KEY = "switch", "second-site-serves"
FIRST, SECOND_SITE = "198.18.0.101", "198.18.0.102"
LONGEST = 5 * SECOND
"""What no call may wait for something that is lost."""


@pytest.fixture(scope="module")
def switch(sandbox: Sandbox) -> Any:
    """The record with its check and the bucket; returns a client for that bucket."""
    s3 = sandbox.client("s3", "eu-north-1")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-north-1"})
    readable = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{BUCKET}/{KEY}",
    }
    policy = {"Version": "2012-10-17", "Statement": [readable]}
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(policy))
    route53 = sandbox.client("route53")
    zone = route53.create_hosted_zone(Name="twin.example", CallerReference="1")["HostedZone"]["Id"]
    check = route53.create_health_check(
        CallerReference="1",
        HealthCheckConfig={
            "Type": "HTTPS",
            "FullyQualifiedDomainName": "aws.eu-north-1.sandbox.example",
            "Port": 443,
            "ResourcePath": f"/{BUCKET}/{KEY}",
            "FailureThreshold": 2,
            "Inverted": True,
        },
    )["HealthCheck"]["Id"]
    first = record("PRIMARY", FIRST) | {"HealthCheckId": check}
    for each in (first, record("SECONDARY", SECOND_SITE)):
        change = {"Action": "CREATE", "ResourceRecordSet": each}
        route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [change]})
    return s3


def record(half: str, address: str) -> dict[str, Any]:
    return {
        "Name": "twin.example",
        "Type": "A",
        "TTL": 1,
        "SetIdentifier": half,
        "Failover": half,
        "ResourceRecords": [{"Value": address}],
    }


def leads_to(sandbox: Sandbox, address: str) -> bool:
    return [str(found) for found in sandbox.ask("twin.example")] == [address]


def test_with_global_lost_an_object_moves_the_name_and_back(sandbox: Sandbox, switch: Any) -> None:
    eventually(lambda: leads_to(sandbox, FIRST), what="the first site is well")
    assert sandbox.cli("lose", "global").returncode == 0
    try:
        switch.put_object(Bucket=BUCKET, Key=KEY, Body=b"")
        eventually(lambda: leads_to(sandbox, SECOND_SITE), what="the second site is answered")
        switch.delete_object(Bucket=BUCKET, Key=KEY)
        eventually(lambda: leads_to(sandbox, FIRST), what="the first site is answered again")
    finally:
        assert sandbox.cli("restore", "global").returncode == 0


def test_a_lost_outside_sends_customers_back_to_the_first_site(
    sandbox: Sandbox, switch: Any
) -> None:
    """The limit of the method: a check that gets no answer takes the object for not there."""
    switch.put_object(Bucket=BUCKET, Key=KEY, Body=b"")
    eventually(lambda: leads_to(sandbox, SECOND_SITE), what="the second site is answered")
    assert sandbox.cli("lose", "eu-north-1").returncode == 0
    try:
        eventually(lambda: leads_to(sandbox, FIRST), what="the check is not answered")
    finally:
        assert sandbox.cli("restore", "eu-north-1").returncode == 0
    switch.delete_object(Bucket=BUCKET, Key=KEY)


def test_an_object_that_is_blocked_from_the_public_turns_nothing(
    sandbox: Sandbox, switch: Any
) -> None:
    """A positive control of it: the checkers read as strangers do."""
    blocked = {"BlockPublicAcls": False, "IgnorePublicAcls": False, "BlockPublicPolicy": False}
    switch.put_public_access_block(
        Bucket=BUCKET, PublicAccessBlockConfiguration={**blocked, "RestrictPublicBuckets": True}
    )
    switch.put_object(Bucket=BUCKET, Key=KEY, Body=b"")
    deadline = time.monotonic() + 4
    while time.monotonic() < deadline:
        assert leads_to(sandbox, FIRST)
    switch.delete_public_access_block(Bucket=BUCKET)
    eventually(lambda: leads_to(sandbox, SECOND_SITE), what="and open again, it does")
    switch.delete_object(Bucket=BUCKET, Key=KEY)


@pytest.mark.parametrize(
    ("lost", "service", "call"),
    [
        ("global", "route53", "list_hosted_zones"),
        ("global", "iam", "list_users"),
        ("eu-west-3", "s3", "list_buckets"),
        ("eu-west-3", "ec2", "describe_addresses"),
    ],
)
def test_nobody_waits_longer_than_5_s_for_what_is_lost(
    sandbox: Sandbox, lost: str, service: str, call: str
) -> None:
    asked = client(world_of_sandbox(sandbox.state), service, "eu-west-3")
    getattr(asked, call)()
    assert sandbox.cli("lose", lost).returncode == 0
    try:
        # another client, as each step makes one: no connection that stood before
        asked = client(world_of_sandbox(sandbox.state), service, "eu-west-3")
        began = time.monotonic()
        with pytest.raises(said_by_cloud()):
            getattr(asked, call)()
        assert timedelta(seconds=time.monotonic() - began) < LONGEST
    finally:
        assert sandbox.cli("restore", lost).returncode == 0
