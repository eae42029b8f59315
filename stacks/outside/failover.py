"""The public name as a failover record: two reserved addresses, and a check that a cutover turns.

Told: ``bucket`` and ``key`` of the object that says that the second site serves, ``host`` (the S3
endpoint of its region), ``ttl`` (seconds), ``sites`` (the first and the second).

The health check is inverted: while anybody can read the object, the first site counts as ill. So
turning takes no control plane of Route 53; and the object is the one thing here that a cutover
changes. The bucket is open to the world because Route 53's checkers sign nothing.
"""

import json
from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi_aws import ec2, route53, s3


def failover_record(
    zone: route53.Zone,
    told: Mapping[str, Any],
    *,
    made_by: pulumi.ResourceOptions,
    kept: pulumi.ResourceOptions,
) -> dict[str, dict[str, pulumi.Output[str]]]:
    """Make all of it; site → ``id`` and ``ip`` of its address."""
    check = _check(_switch(told, made_by=made_by, kept=kept), told, made_by=made_by)
    first, second = told["sites"]
    addresses = {}
    for site, half, checked in ((first, "PRIMARY", check.id), (second, "SECONDARY", None)):
        address = ec2.Eip(
            f"entrance-{site}", region=site, domain="vpc", tags={"Name": site}, opts=kept
        )
        route53.Record(
            f"public-{site}",
            zone_id=zone.zone_id,
            name=zone.name,
            type="A",
            ttl=told["ttl"],
            records=[address.public_ip],
            set_identifier=site,
            failover_routing_policies=[route53.RecordFailoverRoutingPolicyArgs(type=half)],
            health_check_id=checked,
            opts=made_by,
        )
        addresses[site] = {"id": address.id, "ip": address.public_ip}
    return addresses


def _switch(
    told: Mapping[str, Any], *, made_by: pulumi.ResourceOptions, kept: pulumi.ResourceOptions
) -> s3.BucketPolicy:
    """The bucket of which everybody may read that one object, and nobody anything else."""
    name = told["bucket"]
    bucket = s3.Bucket("switch", bucket=name, opts=kept)
    opened = s3.BucketPublicAccessBlock(
        "switch",
        bucket=bucket.id,
        block_public_acls=True,
        block_public_policy=False,
        ignore_public_acls=True,
        restrict_public_buckets=False,
        opts=made_by,
    )
    readable = {
        "Sid": "HealthCheckers",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{name}/{told['key']}",
    }
    return s3.BucketPolicy(
        "switch",
        bucket=bucket.id,
        policy=json.dumps({"Version": "2012-10-17", "Statement": [readable]}),
        opts=pulumi.ResourceOptions.merge(made_by, pulumi.ResourceOptions(depends_on=[opened])),
    )


def _check(
    policy: s3.BucketPolicy, told: Mapping[str, Any], *, made_by: pulumi.ResourceOptions
) -> route53.HealthCheck:
    """Looks every 10 s and believes the third answer: one that fails moves nobody."""
    return route53.HealthCheck(
        "second-site-serves",
        type="HTTPS",
        fqdn=told["host"],
        port=443,
        resource_path=f"/{told['bucket']}/{told['key']}",
        enable_sni=True,
        request_interval=10,
        failure_threshold=3,
        invert_healthcheck=True,
        tags={"Name": "second-site-serves"},
        opts=pulumi.ResourceOptions.merge(made_by, pulumi.ResourceOptions(depends_on=[policy])),
    )
