"""The region's quotas against what the serving site has: asked before the first step."""

from __future__ import annotations

import logging

import pytest
from moto.core.exceptions import JsonRESTError

from drkit.adapters import quotas as looked_up
from drkit.adapters.cloud import client
from drkit.adapters.epoch import read_epoch
from drkit.adapters.generations import choose_generation
from drkit.adapters.left_generations import LeftGeneration, leave_generation
from drkit.adapters.outside_store import OutsideStore
from drkit.compose import look_around, small_quotas
from drkit.errors import ConfigurationError, Problem
from drkit.model.plan import Plan
from drkit.model.record import Target
from drkit.model.step import RunKind
from drkit.model.wish import Wish
from drkit.ports import World
from drkit.run import _look
from drkit.sandbox.corrections import answer_quotas
from drkit.sandbox.quotas import Quotas
from tests.contract.cloud.opened import Write, places, rebuild, served_by, settled
from tests.contract.cloud.states import write_state
from tests.fakes.clock import START

NEW = "eu-central-1"


@pytest.fixture
def plan(shop: Write, world: World) -> Plan:
    """A shop that is served from eu-west-3, by four hosts and an address."""
    plan = shop()
    served_by(world, plan, "eu-west-3")
    made = {f"i-{n}": "m5.large" for n in range(4)}
    write_state(world, "compute", "eu-west-3.g1", instances=made, addresses=("eipalloc-1",))
    return plan


def found(world: World, plan: Plan, region: str = NEW) -> tuple[Problem, ...]:
    epoch = read_epoch(world, plan)
    number = choose_generation(world, plan, region, epoch)
    target = Target(shop=plan.shop, region=region, generation=number)
    return looked_up.quota_problems(world, plan, target, epoch)


def started(world: World, count: int) -> list[str]:
    ec2 = client(world, "ec2", NEW)
    image = ec2.register_image(Name=f"shop-{count}", RootDeviceName="/dev/sda1")["ImageId"]
    made = ec2.run_instances(ImageId=image, InstanceType="m5.large", MinCount=count, MaxCount=count)
    return [each["InstanceId"] for each in made["Instances"]]


class Denying(Quotas):
    """Answers as IAM does where the right to ask is missing."""

    def answer(self, region: str, service: str, code: str) -> dict[str, object] | None:
        raise JsonRESTError("AccessDeniedException", "is not authorized to perform this")


def test_a_region_with_room_for_the_site_has_no_problem(
    world: World, plan: Plan, quotas: Quotas
) -> None:
    quotas.set(NEW, "L-1216C47A", 8)
    assert found(world, plan) == ()


def test_a_lack_of_room_is_said_with_figures_and_may_be_accepted(
    world: World, plan: Plan, quotas: Quotas
) -> None:
    quotas.set(NEW, "L-1216C47A", 7)
    quotas.set(NEW, "L-0263D0A3", 0)
    cores, addresses = found(world, plan)
    assert "asks for 8 vCPUs of standard instances, and eu-central-1 allows 7" in cores.message
    assert "asks for 1 elastic IPs, and eu-central-1 allows 0" in addresses.message
    reasons = {"quota-vcpus": "raised an hour ago", "quota-elastic-ips": "the same"}
    assert settled((cores, addresses), reasons)
    with pytest.raises(ConfigurationError, match="nothing was touched"):
        settled((cores, addresses), {"quota-vcpus": "raised an hour ago"})


def test_what_others_run_in_the_region_counts_and_what_the_generation_has_itself_does_not(
    world: World, plan: Plan, quotas: Quotas
) -> None:
    quotas.set(NEW, "L-1216C47A", 10)
    running = started(world, 2)
    [problem] = found(world, plan)
    assert "of which 4 are used" in problem.message
    own = dict.fromkeys(running, "m5.large")
    write_state(world, "compute", f"{NEW}.g1", instances=own, zipped=True)
    assert found(world, plan) == ()
    client(world, "ec2", NEW).stop_instances(InstanceIds=started(world, 1))
    assert found(world, plan) == (), "a stopped instance counts for nothing"


def test_what_was_left_behind_counts_as_used(world: World, plan: Plan, quotas: Quotas) -> None:
    """It is still there, beside what is about to be built."""
    quotas.set(NEW, "L-1216C47A", 10)
    own = dict.fromkeys(started(world, 2), "m5.large")
    write_state(world, "compute", f"{NEW}.g1", instances=own)
    assert found(world, plan) == ()
    target = Target(shop=plan.shop, region=NEW, generation=1)
    left = LeftGeneration(target=target, reason="stuck", operator="ana@x", at=START)
    leave_generation(OutsideStore(world, plan), left)
    [problem] = found(world, plan)
    assert "of which 4 are used" in problem.message


def test_a_run_does_not_begin_in_a_region_that_is_too_small(
    world: World, plan: Plan, quotas: Quotas
) -> None:
    """The way of a run itself looks, and not only whoever asks."""
    quotas.set(NEW, "L-1216C47A", 0)
    wish = Wish(plan=plan, kind=RunKind.REBUILD, region=NEW)
    _, _, means = _look(look_around(wish))
    assert "quota-vcpus" in places(means.problems)


def test_a_region_that_is_no_site_or_serves_or_a_site_without_a_state_is_not_compared(
    world: World, plan: Plan, quotas: Quotas
) -> None:
    for region in (NEW, "eu-west-3"):
        quotas.set(region, "L-1216C47A", 0)
    assert found(world, plan) != ()
    assert found(world, plan, "eu-west-9") == ()
    assert found(world, plan, "eu-west-3") == (), "a run that has opened it is carried on"
    key = ".pulumi/stacks/compute/eu-west-3.g1.json"
    client(world, "s3", "eu-north-1").delete_object(Bucket="corner-dr", Key=key)
    assert found(world, plan) == ()


def test_where_the_cloud_does_not_say_it_is_a_notice_and_no_problem(
    world: World, plan: Plan, quotas: Quotas, caplog: pytest.LogCaptureFixture
) -> None:
    answer_quotas(Denying())
    opened = rebuild(plan, NEW)
    with caplog.at_level(logging.WARNING):
        assert small_quotas(opened) == ()
    assert "the quotas of eu-central-1 are not compared" in caplog.text


def test_a_state_that_was_brought_back_is_read_plain_though_its_name_says_packed(
    world: World, plan: Plan, quotas: Quotas
) -> None:
    """As drkit writes it back (state_copies): Pulumi looks at the first bytes, and so must this."""
    s3, key = client(world, "s3", "eu-north-1"), ".pulumi/stacks/compute/eu-west-3.g1.json"
    body = s3.get_object(Bucket="corner-dr", Key=key)["Body"].read()
    s3.put_object(Bucket="corner-dr", Key=f"{key}.gz", Body=body)
    s3.delete_object(Bucket="corner-dr", Key=key)
    quotas.set(NEW, "L-1216C47A", 7)
    [cores] = found(world, plan)
    assert "asks for 8 vCPUs" in cores.message


def test_what_is_no_state_is_said(world: World, plan: Plan, quotas: Quotas) -> None:
    key = ".pulumi/stacks/compute/eu-west-3.g1.json"
    client(world, "s3", "eu-north-1").put_object(Bucket="corner-dr", Key=key, Body=b"{}")
    with pytest.raises(ConfigurationError, match="is no state of Pulumi"):
        found(world, plan)


def test_a_type_that_the_region_does_not_have_is_not_guessed_at(
    world: World, plan: Plan, quotas: Quotas
) -> None:
    write_state(world, "compute", "eu-west-3.g1", instances={"i-1": "m1.nosuch"})
    with pytest.raises(ConfigurationError, match=r"no instance type m1\.nosuch"):
        found(world, plan)


def test_nothing_is_asked_of_the_cloud_without_a_site_that_serves(
    world: World, shop: Write
) -> None:
    epoch = read_epoch(world, shop())
    assert epoch.serving is None
    target = Target(shop="corner", region=NEW, generation=1)
    assert looked_up.quota_problems(world, shop(), target, epoch) == ()
