"""Looking for what a killed update was making: asked of moto, which answers as AWS's API does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from drkit.adapters import adoption
from drkit.adapters.adoption import Pending
from drkit.adapters.pulumi_marks import TAG, mark_of
from drkit.errors import EffectUnknown
from tests.contract.pulumi.conftest import REGION
from tests.integration.provider.cloud import Cloud


def pending(kind: str, name: str = "one", inputs: Mapping[str, Any] | None = None) -> Pending:
    urn = f"urn:pulumi:{REGION}.g1::network::{kind}::{name}"
    return Pending(urn=urn, type=kind, inputs=inputs or {})


@pytest.fixture
def looking(cloud: Cloud) -> adoption.Cloud:
    return adoption.Cloud(lambda service: cloud.client(service, REGION))


def vpcs(cloud: Cloud, how_many: int, of: Pending) -> set[str]:
    ec2, mark = cloud.client("ec2", REGION), {"Key": TAG, "Value": mark_of(of.urn)}
    tags = [{"ResourceType": "vpc", "Tags": [mark]}]
    made = (
        ec2.create_vpc(CidrBlock="10.9.0.0/16", TagSpecifications=tags) for _ in range(how_many)
    )
    return {answer["Vpc"]["VpcId"] for answer in made}


@pytest.mark.parametrize("kind", sorted(adoption._TAGGED))
def test_every_kind_that_takes_tags_can_be_asked_for(looking: adoption.Cloud, kind: str) -> None:
    assert looking.find(pending(kind), ()) is None


def test_what_the_state_knows_under_the_same_name_is_not_taken_for_the_new_one(
    cloud: Cloud, looking: adoption.Cloud
) -> None:
    sought = pending("aws:ec2/vpc:Vpc", "replaced")
    old, new = sorted(vpcs(cloud, 2, sought))
    assert looking.find(sought, [old]) == new


def test_two_of_one_are_named_and_nothing_is_guessed(cloud: Cloud, looking: adoption.Cloud) -> None:
    sought = pending("aws:ec2/vpc:Vpc", "twice")
    made = vpcs(cloud, 2, sought)
    with pytest.raises(EffectUnknown, match="twice is there 2 times") as raised:
        looking.find(sought, ())
    assert all(each in str(raised.value) for each in made)


def test_a_kind_whose_id_is_its_name_needs_no_call(looking: adoption.Cloud) -> None:
    assert looking.find(pending("aws:s3/bucket:Bucket", inputs={"bucket": "b-1"}), ()) == "b-1"
    assert looking.find(pending("aws:iam/user:User", inputs={"name": "ana"}), ()) == "ana"


def test_a_kind_that_can_be_written_again_is_not_looked_for(looking: adoption.Cloud) -> None:
    assert looking.find(pending("aws:iam/userPolicy:UserPolicy"), ()) is None


def test_a_kind_that_nobody_knows_how_to_look_for_is_a_persons(looking: adoption.Cloud) -> None:
    with pytest.raises(EffectUnknown, match="queue:Queue one may have been made") as raised:
        looking.find(pending("aws:sqs/queue:Queue"), ())
    assert "stacks.md" in raised.value.remedy
