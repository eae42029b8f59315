"""The bucket of a site's own backup repository: encrypted, versioned, closed to the public.

In: ``shop``, ``site``, ``generation``, ``tags``, ``aws:region``. Out: ``bucket``.

Refuses plain HTTP. Makes no identity: the one that may write here (``<shop>-<site>-own``) is made
by the stack ``outside``, because IAM is changed in one region of the world only, and no rebuild may
wait for it.
"""

import json

import pulumi
from pulumi_aws import s3
from pulumi_aws.provider import Provider

config = pulumi.Config()
name = f"{config.require('shop')}-{config.require('site')}-g{config.require('generation')}"
region = pulumi.Config("aws").require("region")
aws = Provider("aws", region=region, default_tags={"tags": config.require_object("tags")})
made_by = pulumi.ResourceOptions(provider=aws)

bucket = s3.Bucket("repository", bucket=name, opts=made_by)
s3.BucketVersioning(
    "repository",
    bucket=bucket.id,
    versioning_configuration=s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
    opts=made_by,
)
s3.BucketServerSideEncryptionConfiguration(
    "repository",
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
    "repository",
    bucket=bucket.id,
    block_public_acls=True,
    block_public_policy=True,
    ignore_public_acls=True,
    restrict_public_buckets=True,
    opts=made_by,
)
s3.BucketPolicy(
    "repository",
    bucket=bucket.id,
    policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "TlsOnly",
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": "s3:*",
                    "Resource": [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"],
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                }
            ],
        }
    ),
    opts=pulumi.ResourceOptions(provider=aws, depends_on=[closed]),
)

pulumi.export("bucket", bucket.id)
