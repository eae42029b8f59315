"""What the credentials that drkit has now may do, by IAM's own simulation: nothing is called.

IAM simulates the policies of a user or role, its boundary and those of the organisation; not those
of buckets.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from drkit.adapters.cloud import client, said_by_cloud
from drkit.adapters.recorded_calls import not_answered
from drkit.errors import ConfigurationError
from drkit.model.calls import Call, Denial
from drkit.model.plan import Plan
from drkit.ports import World

_ASSUMED = re.compile(r":sts::\d+:assumed-role/([^/]+)/")
_USER = re.compile(r":iam::\d+:user/")


def identity_now(world: World, plan: Plan) -> str:
    """The ARN of the user or role whose credentials drkit has. Raises ConfigurationError where the
    cloud does not say, and for others than these two.
    """
    asked = "sts:GetCallerIdentity"
    try:
        sts = client(world, "sts", plan.outside.region)
        arn = str(sts.get_caller_identity()["Arn"])
        if role := _ASSUMED.search(arn):
            asked = "iam:GetRole"
            iam = client(world, "iam", plan.outside.region)
            return str(iam.get_role(RoleName=role[1])["Role"]["Arn"])
    except said_by_cloud() as error:
        raise not_answered(asked, error) from error
    if _USER.search(arn) is None:
        raise ConfigurationError(
            f"IAM simulates no calls of {arn}", remedy="use the credentials of a user or role"
        )
    return arn


def denied(world: World, plan: Plan, identity: str, calls: Iterable[Call]) -> tuple[Denial, ...]:
    """The rights that ``calls`` take and ``identity`` does not have. Raises ConfigurationError
    where the cloud does not say.
    """
    asked: dict[tuple[str, str], set[str]] = {}
    for call in calls:
        asked.setdefault((call.region, call.resource), set()).add(call.action)
    try:
        iam = client(world, "iam", plan.outside.region)
        return tuple(
            denial
            for (region, resource), actions in sorted(asked.items())
            for denial in _denied(iam, identity, sorted(actions), resource, region)
        )
    except said_by_cloud() as error:
        raise not_answered("iam:SimulatePrincipalPolicy", error) from error


def _denied(
    iam: Any, identity: str, actions: list[str], resource: str, region: str
) -> Iterator[Denial]:
    """Any: boto3's client."""
    pages = iam.get_paginator("simulate_principal_policy").paginate(
        PolicySourceArn=identity,
        ActionNames=actions,
        ResourceArns=[resource],
        ContextEntries=[
            {
                "ContextKeyName": "aws:RequestedRegion",
                "ContextKeyValues": [region],
                "ContextKeyType": "string",
            }
        ],
    )
    for page in pages:
        for result in page["EvaluationResults"]:
            if result["EvalDecision"] != "allowed":
                yield Denial(
                    action=result["EvalActionName"],
                    resource=resource,
                    region=region,
                    explicit=result["EvalDecision"] == "explicitDeny",
                    untold=tuple(result.get("MissingContextValues", ())),
                )
