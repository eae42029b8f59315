"""The operator of these tests as a user of the cloud, his rights, and what a run of his called."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from moto.iam.models import iam_backends

from drkit.model.calls import mark_of
from drkit.ports import World
from drkit.sandbox.trail import Event, Trail

OPERATOR = "arn:aws:iam::123456789012:user/operator"
EVERYTHING: dict[str, Any] = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def sign_in(world: World) -> None:
    """Make the user whose key the world has; he may do everything."""
    iam = iam_backends[world.account]["aws"]
    iam.create_user("us-east-1", "operator")
    access = iam.create_access_key("operator")
    del iam.access_keys[access.access_key_id]
    access.access_key_id, access.secret_access_key = world.key.reveal(), world.secret.reveal()
    iam.access_keys[access.access_key_id] = access
    grant(world, EVERYTHING)


def grant(world: World, *statements: dict[str, Any]) -> None:
    """What he may do from now on, and nothing else."""
    iam = iam_backends[world.account]["aws"]
    policy = {"Version": "2012-10-17", "Statement": statements}
    iam.put_user_policy("operator", "rights", json.dumps(policy))


def deny(*actions: str) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": list(actions), "Resource": "*"}


def called(run: str, step: str, name: str, at: datetime, **parts: Any) -> Event:
    """The record of a call that a step of a run made; ``name`` as in ``ec2:CreateVpc``."""
    service, _, event = name.partition(":")
    given: dict[str, Any] = {
        "at": at,
        "service": service,
        "name": event,
        "region": "eu-central-1",
        "key": "AKIANIGHTLY",
        "user": "nightly",
        "agent": f"Boto3/1.44 md/x app/{mark_of(run, step)} Botocore/1.44",
        "refused": False,
        "parameters": {},
    }
    return Event(**(given | parts))


def take(trail: Trail, events: Iterable[Event]) -> None:
    for event in events:
        trail.take(event)
