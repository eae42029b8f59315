"""The policy of the bucket for backups, as far as it says who may no longer touch them.

One statement of it, ``Fenced``, is drkit's own; every other is the stack ``outside``'s. The bucket
is outside and regional: to change its policy takes no control plane of IAM, which is global and may
be lost together with a region.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from drkit.adapters.cloud import client, error_code, said_by_cloud
from drkit.errors import ConfigurationError
from drkit.model.plan import Plan
from drkit.ports import World

FENCED = "Fenced"
"""The ``Sid`` of drkit's statement."""
_ONE = "aws:PrincipalArn"

Statement = Mapping[str, Any]
"""Any: of a policy that others write too."""


class BackupPolicy:
    """Raises what boto3 raises."""

    def __init__(self, world: World, plan: Plan) -> None:
        self._s3 = client(world, "s3", plan.outside.region)
        self._bucket = plan.outside.backups

    def statements(self) -> tuple[Statement, ...]:
        """As they stand; none where the bucket has no policy."""
        try:
            found = self._s3.get_bucket_policy(Bucket=self._bucket)["Policy"]
        except said_by_cloud() as error:
            if error_code(error) == "NoSuchBucketPolicy":
                return ()
            raise
        said = json.loads(found)["Statement"]
        return tuple(said if isinstance(said, list) else [said])

    def fence(self, principals: Iterable[str]) -> None:
        """Deny everything to the users with these ARNs, and to no others; empty: to nobody."""
        others = [each for each in self.statements() if not _is_fence(each)]
        said = [*others, *_fence(self._bucket, sorted(principals))]
        if said:
            document = json.dumps({"Version": "2012-10-17", "Statement": said})
            self._s3.put_bucket_policy(Bucket=self._bucket, Policy=document)
        else:
            self._s3.delete_bucket_policy(Bucket=self._bucket)


def fenced(statements: Iterable[Statement]) -> frozenset[str]:
    """The ARNs of the users who are fenced."""
    found: set[str] = set()
    for each in filter(_is_fence, statements):
        told = each["Condition"]["ArnEquals"][_ONE]
        found |= {told} if isinstance(told, str) else set(told)
    return frozenset(found)


def standing_fence(world: World, plan: Plan) -> tuple[Statement, ...]:
    """drkit's statement as it stands, for ``drkit prepare``, which writes the whole policy; none
    before the bucket is there.

    Raises ConfigurationError when it cannot be read: to go on would lift the fence.
    """
    try:
        return tuple(filter(_is_fence, BackupPolicy(world, plan).statements()))
    except said_by_cloud() as error:
        if error_code(error) == "NoSuchBucket":
            return ()
        raise ConfigurationError(
            f"the policy of s3://{plan.outside.backups} cannot be read: {error}",
            remedy="check the outside location and the operator's rights",
        ) from error


def _is_fence(statement: Statement) -> bool:
    return statement.get("Sid") == FENCED


def _fence(bucket: str, principals: list[str]) -> tuple[Statement, ...]:
    """By condition, not by ``Principal``: that would be looked up in IAM when it is written."""
    if not principals:
        return ()
    statement = {
        "Sid": FENCED,
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        "Condition": {"ArnEquals": {_ONE: principals}},
    }
    return (statement,)
