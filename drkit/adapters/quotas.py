"""Looks up what a site will ask of its region, and what the account's quotas allow there.

What it will ask for is what the same stacks made for the site that serves: their state outside
says so, and no program has to run. So a first deployment is not compared, nor is what was added to
a program since. What the generation that is about to be built has already is not counted twice;
what one that was left behind has is counted, for it is still there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce
from typing import Any

from drkit.adapters.cloud import client, error_code, said_by_cloud
from drkit.adapters.epoch import Epoch
from drkit.adapters.stored_states import (
    Damaged,
    StoredState,
    read_stored,
    resources_of,
    stored_states,
)
from drkit.errors import ConfigurationError, Problem
from drkit.model.plan import Plan
from drkit.model.record import Target
from drkit.planning.quotas import QUOTAS, Comparison, Holding, Quota, shortfalls
from drkit.ports import World


def quota_problems(world: World, plan: Plan, target: Target, epoch: Epoch) -> tuple[Problem, ...]:
    """One problem per quota that ``target``, which is about to be built, will not fit into.

    None, too, where nothing can be compared. Raises ConfigurationError where the cloud does not
    say.
    """
    compared = comparison(world, plan, target, epoch)
    return tuple(shortfalls(compared)) if compared else ()


def comparison(world: World, plan: Plan, target: Target, epoch: Epoch) -> Comparison | None:
    """What ``target``, which is about to be built, will ask for, against what is allowed.

    None where no state tells what it will ask for, and where its region is the one that serves: a
    run that has opened it asks for nothing more. Raises as :func:`quota_problems`.
    """
    region = target.region
    if epoch.serving is None or epoch.serving.region == region or region not in plan.sites:
        return None
    try:
        s3 = client(world, "s3", plan.outside.region)
        bucket = plan.outside.state
        states = tuple(stored_states(s3, bucket))

        def held_by(site: Target) -> Holding:
            mine = [state for state in states if state.stack == site.name]
            return reduce(Holding.plus, (_read(s3, bucket, state) for state in mine), Holding())

        asked = held_by(epoch.serving)
        if asked == Holding():
            return None
        own = held_by(target)
        ec2 = client(world, "ec2", region)
        used = _held_in(ec2).less(own)
        vcpus = _vcpus(ec2, asked.counted_types | used.counted_types)
        service_quotas = client(world, "service-quotas", region)
        allowed = {quota.code: _allowed(service_quotas, quota) for quota in QUOTAS}
    except said_by_cloud() as error:
        raise ConfigurationError(
            str(error), remedy="docs/how-to/short-of-capacity.md names the rights that it takes"
        ) from error
    return Comparison(region=region, asked=asked, used=used, vcpus=vcpus, allowed=allowed)


def _read(s3: Any, bucket: str, state: StoredState) -> Holding:
    """What one stack has made. What is no secret is in the clear in its state."""
    body = s3.get_object(Bucket=bucket, Key=state.key)["Body"].read()
    try:
        document = read_stored(body, project=state.project, stack=state.stack)
        made = [entry for entry in resources_of(document) if entry.get("id")]
        return Holding(
            instances={
                entry["id"]: entry["inputs"]["instanceType"]
                for entry in made
                if entry["type"] == "aws:ec2/instance:Instance"
            },
            addresses=_ids(made, "aws:ec2/eip:Eip"),
            networks=_ids(made, "aws:ec2/vpc:Vpc"),
        )
    except (Damaged, LookupError, TypeError, AttributeError) as error:
        raise ConfigurationError(
            f"{state.key} in the state bucket is no state of Pulumi: {error!r}",
            remedy="bring back an older version of the object: the bucket keeps them",
        ) from error


def _ids(made: Iterable[Mapping[str, Any]], kind: str) -> frozenset[str]:
    return frozenset(entry["id"] for entry in made if entry["type"] == kind)


def _held_in(ec2: Any) -> Holding:
    """What counts in a region now: instances that run or begin to, and are not spot ones."""
    where = [{"Name": "instance-state-name", "Values": ["pending", "running"]}]
    instances = [
        each
        for page in ec2.get_paginator("describe_instances").paginate(Filters=where)
        for reservation in page["Reservations"]
        for each in reservation["Instances"]
        if "InstanceLifecycle" not in each
    ]
    networks = ec2.get_paginator("describe_vpcs").paginate()
    return Holding(
        instances={each["InstanceId"]: each["InstanceType"] for each in instances},
        addresses=frozenset(
            each["AllocationId"]
            for each in ec2.describe_addresses()["Addresses"]
            if "AllocationId" in each
        ),
        networks=frozenset(each["VpcId"] for page in networks for each in page["Vpcs"]),
    )


def _vcpus(ec2: Any, kinds: frozenset[str]) -> Mapping[str, int]:
    """By type. Raises ConfigurationError for one that the region does not have."""
    if not kinds:
        return {}
    where = [{"Name": "instance-type", "Values": sorted(kinds)}]
    found = {
        each["InstanceType"]: each["VCpuInfo"]["DefaultVCpus"]
        for page in ec2.get_paginator("describe_instance_types").paginate(Filters=where)
        for each in page["InstanceTypes"]
    }
    if missing := sorted(kinds - found.keys()):
        raise ConfigurationError(
            f"the region has no instance type {missing[0]}, which the serving site has",
            remedy="compare the vCPUs of the types that it has by hand",
        )
    return found


def _allowed(service_quotas: Any, quota: Quota) -> float:
    """What the account may have; AWS's own figure where nobody ever asked for another."""
    named = {"ServiceCode": quota.service, "QuotaCode": quota.code}
    try:
        answer = service_quotas.get_service_quota(**named)
    except said_by_cloud() as error:
        if error_code(error) != "NoSuchResourceException":
            raise
        answer = service_quotas.get_aws_default_service_quota(**named)
    return float(answer["Quota"]["Value"])
