"""A generation whose stack nobody can repair: the next stands beside it, and Pulumi reaps the old
one later, as far as anybody knows what there is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from drkit.adapters.pulumi_settings import address_range
from drkit.adapters.pulumi_stack import StackTool
from drkit.adapters.remains import remains
from drkit.adapters.runs_folder import RunsFolder
from drkit.destroying import Destroying
from drkit.errors import EffectUnknown
from drkit.model.step import RunKind, StackWork
from tests.contract.pulumi.conftest import Site
from tests.contract.pulumi.stored import Stored
from tests.contract.pulumi.test_killed_update import WHOLE, generation, live

OLD, NEXT = 41, 42
"""None that others use: what a killed update left is ended by the name of its stack."""
KEY = "aws:kms/key:Key"
"""A kind that drkit does not know how to look for."""


@dataclass
class Generations:
    old: Site
    next: Site

    def live(self) -> tuple[Mapping[str, int], Mapping[str, int]]:
        return live(self.old, OLD), live(self.next, NEXT)


def wedge(stored: Stored) -> None:
    """As an update leaves the state that was killed while it made a key."""
    document = json.loads(stored.body() or b"")
    latest = document["checkpoint"]["latest"]
    urn = f"{latest['resources'][0]['urn'].rpartition('::')[0].rpartition('::')[0]}::{KEY}::lost"
    made = {"urn": urn, "custom": True, "type": KEY, "inputs": {}}
    latest["pending_operations"] = [{"type": "creating", "resource": made}]
    stored.write(json.dumps(document).encode())


def destroying(site: Site) -> Destroying:
    context = site.context
    # whoever holds a site on this machine has it
    RunsFolder(context.plan.root).path.mkdir(parents=True, exist_ok=True)
    return Destroying(
        asked_to_end=lambda: False,
        plan=context.plan,
        target=context.target,
        world=context.world,
        vault=context.vault,
        say=lambda _line: None,
    )


@pytest.fixture(scope="module")
def generations(site: Site) -> Generations:
    """The old one with its network and its bucket up, and the network's state beyond repair."""
    s3, outside = site.cloud.client("s3", "eu-north-1"), site.context.plan.outside
    where = {"LocationConstraint": outside.region}
    s3.create_bucket(Bucket=outside.backups, CreateBucketConfiguration=where)
    old = generation(site, OLD)
    for stack in ("network", "storage"):
        assert old.bring(stack).done
    wedge(Stored(old, "network"))
    return Generations(old, generation(site, NEXT))


@pytest.mark.parametrize(("kind", "named"), [(RunKind.REBUILD, True), (RunKind.DEPLOY, False)])
def test_what_nobody_can_repair_is_said_with_the_way_on(
    generations: Generations, kind: RunKind, named: bool
) -> None:
    context = replace(generations.old.context, kind=kind)
    with pytest.raises(EffectUnknown, match="does not know how to look") as raised:
        StackTool(StackWork(stack="network")).do(context, lambda _line: None)
    assert "docs/reference/stacks.md" in raised.value.remedy
    way = "drkit rebuild --region eu-central-1 --new-generation --reason"
    assert (way in raised.value.remedy) is named


def test_the_next_generation_stands_beside_the_old_one(generations: Generations) -> None:
    before, state = generations.live()[0], Stored(generations.old, "network").body()
    for stack in ("network", "storage"):
        outcome = generations.next.bring(stack)
        assert outcome.done, outcome.failures
    assert generations.live() == (before, WHOLE["network"])
    assert Stored(generations.old, "network").body() == state, "nothing of the old one is touched"
    plan = generations.old.context.plan
    ranges = {
        address_range(plan, site.context.target) for site in (generations.old, generations.next)
    }
    assert len(ranges) == 2
    buckets = {site.facts["storage"]["bucket"] for site in (generations.old, generations.next)}
    assert len(buckets) == 2


def test_the_old_one_is_destroyed_and_what_nobody_knows_is_said(generations: Generations) -> None:
    context = generations.old.context
    there = remains(context.world, context.plan, context.target)
    reaped = destroying(generations.old).all_of(there)
    assert reaped.removed["storage"] > 0
    assert reaped.removed["network"] > 0
    [(stack, why)] = reaped.stays.items()
    assert stack == "network"
    assert "lost" in why
    assert "look for it in the cloud" in why
    gone, stands = generations.live()
    assert not gone["vpcs"] + gone["subnets"] + gone["groups"]
    assert stands == WHOLE["network"]
    assert remains(context.world, context.plan, context.target) == ()


def test_a_bucket_that_holds_something_stays_and_is_said(generations: Generations) -> None:
    s3: Any = generations.next.cloud.client("s3", "eu-central-1")
    bucket = generations.next.facts["storage"]["bucket"]
    version = s3.put_object(Bucket=bucket, Key="backup", Body=b"x")["VersionId"]
    _, why = destroying(generations.next).stack("storage")
    assert "NotEmpty" in why
    assert "→ drkit deletes no backup: see what is in it, empty it of all versions" in why
    s3.delete_object(Bucket=bucket, Key="backup", VersionId=version)
    removed, why = destroying(generations.next).stack("storage")
    assert (removed > 0, why) == (True, "")
