"""Who may write backups: by the policy of their bucket, without a word to IAM."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from drkit.adapters.backup_policy import FENCED, BackupPolicy, fenced, standing_fence
from drkit.adapters.cloud import client
from drkit.adapters.identities import RevokeTool
from drkit.errors import ConfigurationError, EffectUnknown
from drkit.model.plan import Plan
from drkit.model.step import RevokeWork
from drkit.ports import Context, Endpoint, Secret, World
from drkit.sandbox.conditions import honour_conditions
from tests.contract.cloud.values import context_in, identity, silent

REVOKE = RevokeTool(RevokeWork())
PURPOSES = ("backup", "files", "restore", "numbers")
TLS_ONLY = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": "arn:aws:s3:::corner-backup/*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


@pytest.fixture
def cutover(world: World, plan: Plan) -> Context:
    """A cutover to eu-central-1, of a shop whose sites have all their identities."""
    identities = {site: identity(f"corner-{site}", *PURPOSES) for site in plan.sites}
    return context_in(without_global(world), plan, identities=identities)


def without_global(world: World) -> World:
    """The same world after the control planes of IAM and Route 53 were lost."""
    nowhere = Endpoint(region="global", url="http://127.0.0.1:9", name="global")
    return replace(world, endpoints={**world.endpoints, "global": nowhere})


def users_fenced(context: Context) -> set[str]:
    found = fenced(BackupPolicy(context.world, context.plan).statements())
    return {arn.partition("user/")[2] for arn in found}


def test_every_other_sites_backups_are_fenced_while_iam_is_lost(cutover: Context) -> None:
    assert REVOKE.do(cutover, silent).changed == 2
    assert users_fenced(cutover) == {"corner-eu-west-3-backup", "corner-eu-west-3-files"}
    assert REVOKE.do(cutover, silent).changed == 0, "and a second time changes nothing"


def test_a_failback_gives_the_right_back_and_takes_the_other_sites(cutover: Context) -> None:
    REVOKE.do(cutover, silent)
    said: list[str] = []
    back = replace(cutover, target=replace(cutover.target, region="eu-west-3"))
    assert REVOKE.do(back, said.append).changed == 4
    assert users_fenced(cutover) == {"corner-eu-central-1-backup", "corner-eu-central-1-files"}
    assert "corner-eu-west-3-backup: may write again" in said


def test_what_else_the_policy_says_is_left_as_it_is(world: World, cutover: Context) -> None:
    s3 = client(world, "s3", "eu-north-1")
    document = json.dumps({"Version": "2012-10-17", "Statement": TLS_ONLY})
    s3.put_bucket_policy(Bucket="corner-backup", Policy=document)
    REVOKE.do(cutover, silent)
    policy = json.loads(s3.get_bucket_policy(Bucket="corner-backup")["Policy"])
    tls, fence = policy["Statement"]
    assert (tls, fence["Sid"]) == (TLS_ONLY, FENCED)


def key_of(world: World, user: str) -> Mapping[str, Any]:
    iam = client(world, "iam", "eu-north-1")
    iam.create_user(UserName=user)
    return dict(iam.create_access_key(UserName=user)["AccessKey"])


def as_user(world: World, key: Mapping[str, Any]) -> Any:
    return client(
        replace(world, key=Secret(key["AccessKeyId"]), secret=Secret(key["SecretAccessKey"])),
        "s3",
        "eu-north-1",
    )


def test_a_fenced_identity_is_refused_and_the_serving_sites_is_not(
    world: World, cutover: Context
) -> None:
    honour_conditions()
    users = [f"corner-{site}-backup" for site in ("eu-west-3", "eu-central-1")]
    old, new = (as_user(world, key_of(world, user)) for user in users)
    for s3 in (old, new):
        s3.put_object(Bucket="corner-backup", Key="pgbackrest/a", Body=b"")
    REVOKE.do(cutover, silent)
    new.put_object(Bucket="corner-backup", Key="pgbackrest/b", Body=b"")
    with pytest.raises(ClientError) as refused:
        old.put_object(Bucket="corner-backup", Key="pgbackrest/b", Body=b"")
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_a_policy_that_could_not_be_changed_is_unknown(lost: World, plan: Plan) -> None:
    context = context_in(lost, plan, identities={"eu-west-3": identity("x")})
    with pytest.raises(EffectUnknown):
        REVOKE.do(context, silent)


def test_prepare_is_told_of_the_fence_that_stands(cutover: Context, lost: World) -> None:
    """It writes the whole policy: not knowing the fence, it would lift it."""
    plan = cutover.plan
    assert standing_fence(cutover.world, plan) == ()
    REVOKE.do(cutover, silent)
    [fence] = standing_fence(cutover.world, plan)
    assert len(fenced([fence])) == 2
    with pytest.raises(ConfigurationError, match="cannot be read"):
        standing_fence(lost, plan)
