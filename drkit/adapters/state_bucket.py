"""Makes the bucket outside that Pulumi keeps its state in: the one thing that Pulumi cannot make.

Also home of the epoch and, later, of journals. Versioned, encrypted, closed to the public. Only
adds what is missing; refuses a bucket of that name that belongs to somebody else.
"""

from __future__ import annotations

import json
from typing import Any

from drkit.adapters.cloud import bucket_exists, client, said_by_cloud
from drkit.errors import ConfigurationError
from drkit.model.plan import Plan
from drkit.ports import World

_FIRST_REGION = "us-east-1"
"""The one region that S3 refuses to be told as a bucket's location."""


def make_state_bucket(world: World, plan: Plan) -> bool:
    """Make the plan's state bucket as it has to be; returns whether it was made now.

    Raises ConfigurationError if the name is taken or the outside location does not answer.
    """
    s3 = client(world, "s3", plan.outside.region)
    bucket = plan.outside.state
    try:
        made = not bucket_exists(s3, bucket)
        if made:
            _create(s3, bucket, plan.outside.region)
        _protect(s3, bucket, plan.shop)
    except said_by_cloud() as error:
        raise ConfigurationError(
            f"the state bucket s3://{bucket} could not be made: {error}",
            remedy="choose another name in `outside.state` if this one is somebody else's; "
            "else check the credentials and the region of `outside`",
        ) from error
    return made


def _create(s3: Any, bucket: str, region: str) -> None:
    place = {} if region == _FIRST_REGION else {"LocationConstraint": region}
    s3.create_bucket(Bucket=bucket, **({"CreateBucketConfiguration": place} if place else {}))


def _protect(s3: Any, bucket: str, shop: str) -> None:
    """Each call says the whole of one setting, so repeating changes nothing."""
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    s3.put_public_access_block(
        Bucket=bucket,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
    )
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(_tls_only(bucket)))
    tags = [{"Key": "shop", "Value": shop}, {"Key": "kind", "Value": "outside"}]
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})


def _tls_only(bucket: str) -> dict[str, object]:
    statement = {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}
