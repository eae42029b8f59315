"""What the cloud itself says is still there of a validation's copy, whatever Pulumi's state knows.

By the tags that every resource of a copy was made with, so what is nobody's copy is never named.
What is gone stays listed for an hour in some services, and is asked for again where it counts.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from drkit.adapters.cloud import client, said_by_cloud
from drkit.adapters.pulumi_settings import VALIDATION
from drkit.errors import ConfigurationError
from drkit.model.record import Target
from drkit.ports import World

_LOG = logging.getLogger(__name__)
RIGHTS = "tag:GetResources, ec2:DescribeInstances, ec2:DescribeNatGateways"


def still_tagged(world: World, target: Target) -> tuple[str, ...]:
    """The ARNs of what a validation made for ``target`` and is still there.

    Raises ConfigurationError where the cloud does not say.
    """
    wanted = {
        "shop": target.shop,
        "site": target.region,
        "generation": str(target.generation),
        "kind": VALIDATION,
    }
    filters = [{"Key": key, "Values": [value]} for key, value in wanted.items()]
    try:
        pages = client(world, "resourcegroupstaggingapi", target.region).get_paginator(
            "get_resources"
        )
        found = [
            str(each["ResourceARN"])
            for page in pages.paginate(TagFilters=filters)
            for each in page["ResourceTagMappingList"]
        ]
        gone = _gone(client(world, "ec2", target.region), found)
    except said_by_cloud() as error:
        raise ConfigurationError(
            f"what is still tagged as {target.name} cannot be asked: {error}",
            remedy=f"grant {RIGHTS}, or look for it by hand",
        ) from error
    return tuple(arn for arn in found if arn not in gone)


def leaks(world: World, target: Target) -> Mapping[str, str]:
    """ARN → what to do, of what is still there although every stack is destroyed. Where the cloud
    does not say, that is said, and is no leak.
    """
    try:
        found = still_tagged(world, target)
    except ConfigurationError as error:
        _LOG.warning("%s; %s", error, error.remedy)
        return {}
    return dict.fromkeys(found, "it is still tagged as this copy's: remove it by hand")


def _gone(ec2: Any, arns: list[str]) -> frozenset[str]:
    """Of ``arns`` those of hosts and gateways that are gone, or on their way."""
    ids = {kind: _ids(arns, kind) for kind in _ASKED}
    over = {
        identifier
        for kind, ask in _ASKED.items()
        if ids[kind]
        for identifier, state in ask(ec2, list(ids[kind])).items()
        if state in _OVER
    }
    return frozenset(arn for arn in arns if arn.rpartition("/")[2] in over)


def _ids(arns: list[str], kind: str) -> list[str]:
    parts = (arn.rpartition(":")[2].partition("/") for arn in arns)
    return [identifier for name, _, identifier in parts if name == kind]


def _instances(ec2: Any, ids: list[str]) -> Mapping[str, str]:
    return {
        each["InstanceId"]: each["State"]["Name"]
        for page in ec2.get_paginator("describe_instances").paginate(InstanceIds=ids)
        for reservation in page["Reservations"]
        for each in reservation["Instances"]
    }


def _gateways(ec2: Any, ids: list[str]) -> Mapping[str, str]:
    return {
        each["NatGatewayId"]: each["State"]
        for page in ec2.get_paginator("describe_nat_gateways").paginate(NatGatewayIds=ids)
        for each in page["NatGateways"]
    }


_ASKED: Mapping[str, Callable[[Any, list[str]], Mapping[str, str]]] = {
    "instance": _instances,
    "natgateway": _gateways,
}
_OVER = frozenset({"shutting-down", "terminated", "deleting", "deleted"})
