"""What every site needs and none owns: the backup bucket, the identities, the public zone.

In: ``shop``, ``tags``, ``sites`` (regions), ``stateBucket``, ``backupBucket``, ``dnsName``,
``fence`` (statements that a cutover wrote into the policy of the backups), ``failover`` (see
failover.py; not given where the cutover writes the record), ``aws:region``. Out: ``identities``
(site → purpose → user, key, secret; secret), ``buckets``, ``zone`` (id and name servers),
``addresses`` (of a failover record: site → id, ip).

Made once by ``drkit prepare``; no rebuild creates or changes IAM or Route 53 but for the record
that a cutover writes. The state bucket is there before (Pulumi keeps its state in it). Every bucket
and zone is protected, because all that is left of a lost region is in them.
"""

import json

import pulumi
from pulumi_aws import iam, route53, s3
from pulumi_aws.provider import Provider

from .failover import failover_record

READ = ["s3:GetObject"]
REPLACE = [*READ, "s3:PutObject"]
WRITE = [*READ, "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]

config = pulumi.Config()
shop = config.require("shop")
region = pulumi.Config("aws").require("region")
aws = Provider("aws", region=region, default_tags={"tags": config.require_object("tags")})
made_by = pulumi.ResourceOptions(provider=aws)
kept = pulumi.ResourceOptions(provider=aws, protect=True)
state, backups = config.require("stateBucket"), config.require("backupBucket")


def allow(actions: list[str], *resources: str, effect: str = "Allow") -> dict[str, object]:
    """One statement of a policy on S3 resources, given as ``bucket`` or ``bucket/key``."""
    return {
        "Effect": effect,
        "Action": actions,
        "Resource": [f"arn:aws:s3:::{resource}" for resource in resources],
    }


def access(actions: list[str], bucket: str, *below: str) -> str:
    """The policy that gives ``actions`` on objects of a bucket, all or those ``below/``, and lets
    the bucket be listed."""
    statements = [
        allow(["s3:ListBucket", "s3:GetBucketLocation"], bucket),
        allow(actions, *(f"{bucket}/{prefix}*" for prefix in below or ("",))),
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def purposes(site: str) -> dict[str, str]:
    """What the hosts of a site may do, by purpose: an identity of its own for each."""
    epoch = {"Version": "2012-10-17", "Statement": [allow(READ, f"{state}/epoch.json")]}
    return {
        "backup": access(WRITE, backups, "pgbackrest/"),
        "files": access(WRITE, backups, "restic/"),
        # not the copies of the stacks' states, which are there too
        "restore": access(READ, backups, "pgbackrest/", "restic/"),
        "epoch": json.dumps(epoch),
        "numbers": json.dumps(
            {"Version": "2012-10-17", "Statement": [allow(REPLACE, f"{state}/numbers/*")]}
        ),
        "own": access(WRITE, f"{shop}-{site}-g*"),
    }


def identity(site: str, purpose: str, policy: str) -> dict[str, pulumi.Output[str]]:
    """A user with exactly one policy and one access key."""
    name = f"{shop}-{site}-{purpose}"
    user = iam.User(name, name=name, opts=made_by)
    iam.UserPolicy(name, name=purpose, user=user.name, policy=policy, opts=made_by)
    key = iam.AccessKey(name, user=user.name, opts=made_by)
    return {"user": user.name, "key": key.id, "secret": key.secret}


bucket = s3.Bucket("backups", bucket=backups, opts=kept)
s3.BucketVersioning(
    "backups",
    bucket=bucket.id,
    versioning_configuration=s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
    opts=made_by,
)
s3.BucketServerSideEncryptionConfiguration(
    "backups",
    bucket=bucket.id,
    rules=[
        s3.BucketServerSideEncryptionConfigurationRuleArgs(
            apply_server_side_encryption_by_default=(
                s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
                    sse_algorithm="AES256"
                )
            )
        )
    ],
    opts=made_by,
)
closed = s3.BucketPublicAccessBlock(
    "backups",
    bucket=bucket.id,
    block_public_acls=True,
    block_public_policy=True,
    ignore_public_acls=True,
    restrict_public_buckets=True,
    opts=made_by,
)
tls_only = allow(["s3:*"], backups, f"{backups}/*", effect="Deny") | {
    "Principal": "*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
s3.BucketPolicy(
    "backups",
    bucket=bucket.id,
    policy=json.dumps(
        {"Version": "2012-10-17", "Statement": [tls_only, *config.require_object("fence")]}
    ),
    opts=pulumi.ResourceOptions(provider=aws, depends_on=[closed]),
)
zone = route53.Zone("public", name=config.require("dnsName"), opts=kept)
if failover := config.get_object("failover"):
    pulumi.export("addresses", failover_record(zone, failover, made_by=made_by, kept=kept))

pulumi.export("buckets", {"state": state, "backups": bucket.id})
pulumi.export("zone", {"id": zone.zone_id, "name_servers": zone.name_servers})
pulumi.export(
    "identities",
    pulumi.Output.secret(
        {
            site: {
                purpose: identity(site, purpose, policy)
                for purpose, policy in purposes(site).items()
            }
            for site in config.require_object("sites")
        }
    ),
)
