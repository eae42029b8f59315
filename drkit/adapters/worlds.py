"""The world of a plan: endpoints and credentials, proven to be the plan's own (law 9).

``cloud: sandbox`` reads what ``drkit sandbox up`` wrote (``sandbox.json``); ``cloud: aws`` takes
the ambient credentials. Either way the account is asked of STS and must equal the plan's.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from drkit.errors import ConfigurationError, Problem
from drkit.model.plan import Cloud, Plan
from drkit.ports import Endpoint, Secret, World

STATE_VERSION = 1
_SIGN_IN = "set AWS_PROFILE or AWS_ACCESS_KEY_ID, or sign in with `aws sso login`"


def sandbox_folder() -> Path:
    """Where the sandbox keeps its state: $DRKIT_SANDBOX, else the user's state folder."""
    if named := os.environ.get("DRKIT_SANDBOX"):
        return Path(named)
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local/state")
    return Path(state) / "drkit/sandbox"


def open_world(plan: Plan) -> World:
    """The world that the plan's sites are in. Raises ConfigurationError when it is not there."""
    clouds = {site.cloud for site in plan.sites.values()}
    if clouds == {Cloud.SANDBOX}:
        return _with_all_regions(_sandbox_world(), plan)
    if clouds == {Cloud.AWS}:
        return _aws_world(plan)
    raise ConfigurationError(
        "the sites of a plan are either all in the sandbox or all in AWS",
        remedy="give every site the same `cloud:`",
    )


def _with_all_regions(world: World, plan: Plan) -> World:
    places = [(f"sites.{region}", region) for region in plan.sites]
    places.append(("outside.region", plan.outside.region))
    there = [name for name in world.endpoints if name != "global"]
    problems = tuple(
        Problem(
            place=place,
            message=f"the sandbox has no region {region}",
            remedy=f"it has: {', '.join(there)}",
        )
        for place, region in places
        if region not in there
    )
    if problems:
        raise ConfigurationError("the plan is not of this sandbox", problems=problems)
    return world


def check_account(world: World, plan: Plan) -> tuple[Problem, ...]:
    """One problem per site whose account is not the one that the credentials belong to."""
    from drkit.adapters.cloud import client, said_by_cloud

    try:
        answer = client(world, "sts", plan.outside.region).get_caller_identity()
    except said_by_cloud() as error:
        return (
            Problem(
                place="credentials",
                message=f"the cloud does not take them: {error}",
                remedy="check the credentials, and that the sandbox is up (`drkit sandbox status`)",
            ),
        )
    found = answer["Account"]
    return tuple(
        Problem(
            place=f"sites.{site.region}.account",
            message=f"the credentials belong to account {found}, the plan says {site.account}",
            remedy="use the credentials of the plan's account",
        )
        for site in plan.sites.values()
        if site.account != found
    )


def _sandbox_world() -> World:
    folder = sandbox_folder()
    try:
        state = json.loads((folder / "sandbox.json").read_text())
        version = state["version"]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise ConfigurationError(
            "the plan's sites are in the sandbox, and the sandbox is not up",
            remedy="run `drkit sandbox up`",
        ) from error
    if version != STATE_VERSION:
        raise ConfigurationError(
            f"the sandbox was started by another drkit (state version {version})",
            remedy="run `drkit sandbox down` with that one, then `drkit sandbox up`",
        )
    return world_of_sandbox(state)


def world_of_sandbox(state: Mapping[str, Any]) -> World:
    """The world that a sandbox's ``sandbox.json`` tells of. Any: JSON, of :data:`STATE_VERSION`."""
    operator = state["credentials"]["operator"]
    return World(
        account=state["account"],
        endpoints={
            region: Endpoint(region=region, url=entry["endpoint"], name=entry["name"])
            for region, entry in state["regions"].items()
        },
        key=Secret(operator["key"]),
        secret=Secret(operator["secret"]),
        ca=Path(state["ca"]),
        resolver=state["dns"],
        pulumi_home=Path(state["pulumi_home"]),
    )


def _aws_world(plan: Plan) -> World:
    import botocore.session

    from drkit.adapters.cloud import said_by_cloud

    try:
        credentials = botocore.session.get_session().get_credentials()
        frozen = credentials.get_frozen_credentials() if credentials else None
    except said_by_cloud() as error:  # a profile that is not there, half of a pair, SSO run out
        raise ConfigurationError(
            f"the AWS credentials here cannot be used: {error}", remedy=_SIGN_IN
        ) from error
    if frozen is None:
        raise ConfigurationError("there are no AWS credentials here", remedy=_SIGN_IN)
    regions = (*plan.sites, plan.outside.region)
    return World(
        account=next(iter(plan.sites.values())).account,
        endpoints={
            region: Endpoint(region=region, url=None, name=f"s3.{region}.amazonaws.com")
            for region in regions
        },
        key=Secret(frozen.access_key or ""),
        secret=Secret(frozen.secret_key or ""),
        token=Secret(frozen.token) if frozen.token else None,
        ca=None,
        resolver=None,
        pulumi_home=None,
    )
