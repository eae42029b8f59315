"""The calls that the steps of a run made, as the cloud recorded them: CloudTrail's event history,
which every account has for 90 days.

By the mark that each step's tools leave in their user agent, so that nobody else's calls count,
whoever made them. AWS takes up to 15 minutes to record a call, and answers two questions of 50
calls each second; what is done with the objects of buckets it does not record unasked.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from drkit.adapters.asked import Asked
from drkit.adapters.cloud import GLOBAL_REGION, client, error_code, said_by_cloud
from drkit.errors import ConfigurationError
from drkit.model.calls import ANY, Call, mark_of
from drkit.model.plan import Plan
from drkit.ports import World
from drkit.reporting.proofs import Proof

RECORDED_AFTER = timedelta(minutes=15)
"""How late AWS may record a call."""
_RIGHTS = "docs/how-to/from-sandbox-to-aws.md names the rights that it takes"
_SECOND = timedelta(seconds=1)
"""boto3 sends whole seconds, and cuts the rest off."""
_MARK = re.compile(r"\bdrkit-[0-9a-f]{20}\b")
_REFUSED = re.compile(r"AccessDenied|UnauthorizedOperation")
_FREE = frozenset({"sts:GetCallerIdentity"})
"""What needs no right."""
_S3: Mapping[str, str] = {
    "DeleteBucketCors": "PutBucketCORS",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "DeleteBucketPublicAccessBlock": "PutBucketPublicAccessBlock",
    "DeleteBucketReplication": "PutReplicationConfiguration",
    "DeleteBucketTagging": "PutBucketTagging",
    "GetBucketCors": "GetBucketCORS",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketLifecycle": "GetLifecycleConfiguration",
    "GetBucketReplication": "GetReplicationConfiguration",
    "ListBuckets": "ListAllMyBuckets",
    "PutBucketCors": "PutBucketCORS",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketLifecycle": "PutLifecycleConfiguration",
    "PutBucketReplication": "PutReplicationConfiguration",
}
"""Event of S3 → the right, where the two are not called the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    calls: frozenset[Call]
    whole: bool
    """Whether all that is recorded was read in time."""


def recorded_calls(
    world: World, plan: Plan, region: str, proof: Proof, *, within: timedelta
) -> Recorded:
    """What the run of ``proof`` called and was not refused. Raises ConfigurationError where the
    cloud does not say, TimeoutError where it does not answer ``within`` so long.
    """
    steps = {mark_of(proof.run, step): step for step in proof.steps}
    # half of the time: a page that was asked for in it may come after it
    end = time.monotonic() + within.total_seconds() / 2
    regions = dict.fromkeys((region, plan.outside.region, GLOBAL_REGION))

    def read(place: str) -> Asked[Recorded]:
        return Asked(lambda: _read(client(world, "cloudtrail", place), proof, steps, end))

    waited_for = [read(place) for place in regions]
    try:
        found = [each.answer(within) for each in waited_for]
    except said_by_cloud() as error:
        raise not_answered("cloudtrail:LookupEvents", error) from error
    return Recorded(
        calls=frozenset().union(*(each.calls for each in found)),
        whole=all(each.whole for each in found),
    )


def _read(cloudtrail: Any, proof: Proof, steps: Mapping[str, str], end: float) -> Recorded:
    """What changes something first: there is less of it. Any: boto3's client."""
    found: set[Call] = set()
    for reads in ("false", "true"):
        pages = cloudtrail.get_paginator("lookup_events").paginate(
            LookupAttributes=[{"AttributeKey": "ReadOnly", "AttributeValue": reads}],
            StartTime=proof.began,
            EndTime=proof.ended + _SECOND,
        )
        try:
            for page in pages:
                found.update(_calls(page["Events"], steps))
                if time.monotonic() > end:
                    return Recorded(calls=frozenset(found), whole=False)
        except said_by_cloud() as error:
            if error_code(error) != "ThrottlingException":
                raise
            return Recorded(calls=frozenset(found), whole=False)
    return Recorded(calls=frozenset(found), whole=True)


def _calls(events: list[Mapping[str, Any]], steps: Mapping[str, str]) -> Iterator[Call]:
    for event in events:
        told = json.loads(event["CloudTrailEvent"])
        marked = _MARK.search(told.get("userAgent") or "")
        step = steps.get(marked[0]) if marked else None
        if step is None or _REFUSED.search(told.get("errorCode") or ""):
            continue
        service = told["eventSource"].partition(".")[0]
        name = told["eventName"]
        action = f"{service}:{_S3.get(name, name) if service == 's3' else name}"
        if action not in _FREE:
            resource = _resource(service, told.get("requestParameters") or {})
            yield Call(step=step, action=action, resource=resource, region=told["awsRegion"])


def not_answered(action: str, error: Exception) -> ConfigurationError:
    """``error``: by which the cloud said no to what takes the right ``action``, or said nothing."""
    why = error_code(error) or error
    return ConfigurationError(f"{action} is not answered: {why}", remedy=_RIGHTS)


def bucket_arn(name: str) -> str:
    """Of a bucket, or of an object in it: bucket/key."""
    return f"arn:aws:s3:::{name}"


def zone_arn(zone: str) -> str:
    """``zone``: its id, which Route 53 gives with or without ``/hostedzone/`` before it."""
    return f"arn:aws:route53:::hostedzone/{zone.rpartition('/')[2]}"


def _resource(service: str, parameters: Mapping[str, Any]) -> str:
    """What rights are given on one by one, as a rule: buckets and zones."""
    match service, parameters:
        case "s3", {"bucketName": str(bucket)}:
            return bucket_arn(bucket)
        case "route53", {"hostedZoneId": str(zone)}:
            return zone_arn(zone)
        case _:
            return ANY
