"""Hosts of a stack that stand still in the cloud, and their start.

No program says that a host runs: to Pulumi one that was stopped is as it was made. Refuses to make
it anew, which would end what it holds.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

from drkit.adapters.cloud import client, error_code, said_by_cloud
from drkit.errors import StepError
from drkit.ports import Progress, World

_STILL = ("stopping", "stopped")
_LOOK = timedelta(seconds=2)
_LIMIT = timedelta(minutes=3)
"""For what is being stopped to stand still, and again for it to run: EC2 needs seconds, and a
minute for one that does not listen to being stopped."""


def still(world: World, region: str, hosts: Mapping[str, str]) -> dict[str, str]:
    """Those of ``hosts``, the ids of instances and their names, that stand still, or will.

    Raises StepError where the cloud does not say.
    """
    return _states(world, region, hosts)[0]


def start_still(
    world: World, region: str, hosts: Mapping[str, str], progress: Progress
) -> dict[str, str]:
    """Start what stands still of ``hosts``, and wait until it runs: what was started, by its id.

    Raises StepError where it was not to be started.
    """
    found, stopping = _states(world, region, hosts)
    if not found:
        return {}
    names = ", ".join(found.values())
    progress(f"starting what stands still: {names}")
    ec2 = client(world, "ec2", region)
    try:
        if stopping:
            _wait(ec2, "instance_stopped", stopping)
            progress(f"stands still now, and is started: {names}")
        ec2.start_instances(InstanceIds=list(found))
        _wait(ec2, "instance_running", found)
    except said_by_cloud() as error:
        ids = " ".join(found)
        raise StepError(
            f"{names} stands still, and was not to be started: {error}",
            remedy=f"start it: `aws ec2 start-instances --region {region} --instance-ids {ids}`;"
            " or terminate it, and the same command makes it anew",
            transient=not error_code(error),
        ) from error
    return found


def _states(
    world: World, region: str, hosts: Mapping[str, str]
) -> tuple[dict[str, str], list[str]]:
    """Those that stand still, by id, and the ids of those among them that are about to."""
    if not hosts:
        return {}, []
    try:
        pages = (
            client(world, "ec2", region)
            .get_paginator("describe_instances")
            .paginate(Filters=[{"Name": "instance-state-name", "Values": list(_STILL)}])
        )
        states = {
            each["InstanceId"]: each["State"]["Name"]
            for page in pages
            for reservation in page["Reservations"]
            for each in reservation["Instances"]
        }
    except said_by_cloud() as error:
        raise StepError(
            f"whether hosts stand still in {region} is not known: {error}",
            remedy="run the same command again",
            transient=True,
        ) from error
    found = {identity: name for identity, name in hosts.items() if identity in states}
    return found, [identity for identity in found if states[identity] == "stopping"]


def _wait(ec2: Any, state: str, ids: Collection[str]) -> None:
    """Any: botocore's client. Raises what it raises."""
    pause = int(_LOOK.total_seconds())
    ec2.get_waiter(state).wait(
        InstanceIds=list(ids), WaiterConfig={"Delay": pause, "MaxAttempts": _LIMIT // _LOOK}
    )
