"""A validation among the runs of a site: nobody builds upon its copy, and it is found again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from drkit.adapters.cloud import client
from drkit.adapters.epoch import read_epoch
from drkit.adapters.generations import known_generations
from drkit.adapters.pulumi_outputs import NOTHING
from drkit.adapters.tagged import still_tagged
from drkit.compose import Means, Opened, Parts, look_around, open_parts, open_plan
from drkit.errors import ConfigurationError, UsageError
from drkit.first_records import Agreed, begin
from drkit.holding import hold_outside, look_outside
from drkit.model.outcome import State
from drkit.model.plan import Plan
from drkit.model.record import IncidentBegan, RunEnded, Target
from drkit.model.step import RunKind
from drkit.model.wish import Wish
from drkit.planning.graph import build_graph
from drkit.ports import World
from drkit.validating import say_it_passes
from tests.contract.cloud.opened import Write, backed_up, places, rebuild, served_by
from tests.contract.cloud.test_carrying_on import ended, left
from tests.contract.cloud.test_cutover_tools import built
from tests.fakes.observer import Remembering

REGION = "eu-central-1"


@dataclass
class Night:
    plan: Plan
    world: World

    def opened(self, **more: Any) -> Opened:
        wish = Wish(plan=self.plan, kind=RunKind.VALIDATE, region=REGION, **more)
        return open_plan(look_around(wish))

    def begin(self, **more: Any) -> Parts:
        """As far as a run goes that dies before its first step."""
        opened = self.opened(**more)
        free = look_outside(look_around(opened.wish))
        assert free is not None
        agreed = Agreed(
            removal=None, graph=build_graph(self.plan, RunKind.VALIDATE), accepted=(), skip={}
        )
        with hold_outside(free) as held:
            parts = open_parts(opened, Means(prepared=NOTHING, problems=()), held)
            say_it_passes(opened, parts, held)
            with parts.journal:
                begin(opened, parts, agreed, Remembering())
                bodies = [record.body for record in parts.journal.records()]
        assert not [body for body in bodies if isinstance(body, IncidentBegan)]
        return parts


def muzzled(shop: Write, **parts: Any) -> Plan:
    """A shop that has all that muzzles a copy of it."""
    card = {"endpoint": "https://card-a.example", "drill": "checks/card.py"}
    plan = shop(providers={"card-a": card}, **parts)
    for name in ("playbooks/muzzle.yml", "checks/card.py"):
        (plan.root / name).touch()
    return plan


@pytest.fixture
def night(shop: Write, world: World) -> Night:
    plan = muzzled(shop)
    served_by(world, plan, "eu-west-3")
    backed_up(world)
    return Night(plan, world)


def test_its_generation_is_nobodys_to_build_upon_before_anything_is_there(night: Night) -> None:
    parts = night.begin()
    assert parts.target.name == f"{REGION}.g1"
    assert rebuild(night.plan).target.name == f"{REGION}.g2"
    assert rebuild(night.plan).behind is None, "and nobody has given it up"
    assert night.opened().target.name == f"{REGION}.g2"


def test_the_next_one_finds_what_it_left(night: Night) -> None:
    parts = night.begin()
    built(night.world, parts.target.name)
    [word] = night.opened().passing
    assert (word.target, word.run) == (parts.target, parts.run)
    assert word.may_go(datetime.now(UTC))


def test_one_that_somebody_looks_around_in_stays_until_it_expires(night: Night) -> None:
    night.begin(keep=timedelta(hours=2))
    [word] = night.opened().passing
    now = datetime.now(UTC)
    assert not word.may_go(now + timedelta(minutes=119))
    assert word.may_go(now + timedelta(minutes=121))


def test_it_carries_on_with_none_and_none_is_resumed(night: Night) -> None:
    first = night.begin()
    assert night.opened().unfinished is None
    with pytest.raises(UsageError, match="goes with it"):
        night.opened(resumes=first.run)


def test_it_gives_way_to_a_rebuild_that_is_not_over(night: Night) -> None:
    run = left(night.plan, *ended(State.FAILED), RunEnded(stand="finished"))
    found = night.opened().problems
    assert [run in problem.message for problem in found] == [True]


def test_what_a_rebuild_has_built_is_left_alone_by_it(night: Night) -> None:
    """That was never opened: a later rebuild builds upon it."""
    built(night.world, f"{REGION}.g1")
    assert rebuild(night.plan).target.name == f"{REGION}.g1"
    assert night.opened().target.name == f"{REGION}.g2"
    night.begin()
    assert rebuild(night.plan).target.name == f"{REGION}.g1"


def test_the_site_that_serves_is_never_validated(shop: Write, world: World) -> None:
    plan = shop()
    served_by(world, plan, REGION)
    wish = Wish(plan=plan, kind=RunKind.VALIDATE, region=REGION)
    found = open_plan(look_around(wish)).problems
    assert "--region" in places(found)
    assert {"muzzle", "providers.card-a.drill"} <= set(places(found)), "all problems at once"


def test_who_serves_meanwhile_is_no_reason_against_it(night: Night) -> None:
    """A rebuild asks first whether customers may be taken from a healthy site."""
    assert not night.opened().problems


def test_without_a_backup_there_is_nothing_to_prove(shop: Write, world: World) -> None:
    plan = muzzled(shop)
    served_by(world, plan, "eu-west-3")
    assert places(Night(plan, world).opened().problems) == ["stores.orders-db"]


def test_only_a_validation_is_kept_for_a_while(night: Night) -> None:
    wish = Wish(plan=night.plan, kind=RunKind.REBUILD, region=REGION, keep=timedelta(hours=2))
    with pytest.raises(UsageError, match="it stays"):
        wish.check(datetime.now(UTC))


def test_what_the_cloud_still_has_of_a_copy_is_named_and_nothing_else(world: World) -> None:
    ec2 = client(world, "ec2", REGION)
    target = Target(shop="corner", region=REGION, generation=3)

    def network(**tags: str) -> str:
        made = ec2.create_vpc(CidrBlock="10.70.0.0/16")["Vpc"]["VpcId"]
        ec2.create_tags(Resources=[made], Tags=[{"Key": k, "Value": v} for k, v in tags.items()])
        return str(made)

    ours = {"shop": "corner", "site": REGION, "generation": "3", "kind": "validation"}
    leaked = network(**ours)
    for other in ({"generation": "4"}, {"kind": "site"}, {"shop": "boutique"}):
        network(**{**ours, **other})
    assert [arn.rpartition("/")[2] for arn in still_tagged(world, target)] == [leaked]


def test_a_cloud_that_does_not_say_what_is_there_is_no_clean_one(lost: World) -> None:
    with pytest.raises(ConfigurationError, match="cannot be asked"):
        still_tagged(lost, Target(shop="corner", region=REGION, generation=3))


def test_the_epoch_stays_as_it_was(night: Night) -> None:
    before = read_epoch(night.world, night.plan)
    night.begin()
    assert read_epoch(night.world, night.plan) == before
    assert known_generations(night.world, night.plan, REGION, before).left == {}
