"""The method `failover`: a cutover turns an object outside, and asks nothing of Route 53."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from drkit.adapters import dns
from drkit.adapters.cloud import client
from drkit.adapters.dns import DnsTool
from drkit.adapters.epoch import EpochTool, read_epoch, write_first_epoch
from drkit.adapters.switch import KEY
from drkit.errors import ConfigurationError, EffectUnknown, StepError
from drkit.model.plan import DnsMethod, Plan
from drkit.model.step import DnsWork, EpochWork
from drkit.ports import Context, Endpoint, ReservedAddress, World
from drkit.preparing import prepare
from tests.contract.cloud.opened import Write
from tests.contract.cloud.values import context_in, silent
from tests.fakes.documents import plan_at

TOOL = DnsTool(DnsWork())
EDGE = "198.18.0.7"
ADDRESSES = {
    "eu-west-3": ReservedAddress(id="eipalloc-1", ip="198.18.0.6"),
    "eu-central-1": ReservedAddress(id="eipalloc-2", ip=EDGE),
}


@pytest.fixture
def plan(plan: Plan) -> Plan:
    method = {"method": "failover", "switch": "s3://corner-switch"}
    return plan_at(plan.root, dns={"name": "corner.example", "ttl": "10s", **method})


@pytest.fixture
def cutover(world: World, plan: Plan) -> Context:
    """A cutover to the second site, with `global` lost."""
    place = {"LocationConstraint": "eu-north-1"}
    s3 = client(world, "s3", "eu-north-1")
    s3.create_bucket(Bucket="corner-switch", CreateBucketConfiguration=place)
    nowhere = Endpoint(region="global", url="http://127.0.0.1:9", name="global")
    without = replace(world, endpoints={**world.endpoints, "global": nowhere})
    return context_in(without, plan, addresses=ADDRESSES)


def turned(world: World) -> bool:
    """Whether the object says that the second site serves."""
    found = client(world, "s3", "eu-north-1").list_objects_v2(Bucket="corner-switch")
    return [entry["Key"] for entry in found.get("Contents", ())] == [KEY]


@pytest.fixture
def answered(world: World, zone: str) -> Callable[[str], None]:
    """Have the customers' DNS answer so, as Route 53 does a while after the switch was turned."""
    route53 = client(world, "route53", "eu-north-1")

    def answer(address: str) -> None:
        record = {"Name": "corner.example", "Type": "A", "TTL": 1}
        change = {**record, "ResourceRecords": [{"Value": address}]}
        batch = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": change}]}
        route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)

    return answer


def to_the_first(context: Context) -> Context:
    hosts = {"edge-1": {"groups": ["edge"], "address": "10.64.0.4", "public": "198.18.0.6"}}
    target = replace(context.target, region="eu-west-3")
    return replace(context, target=target, facts={"compute": {"hosts": hosts}})


def test_the_object_is_put_for_the_second_site_and_taken_away_for_the_first(
    cutover: Context, answered: Callable[[str], None]
) -> None:
    assert not turned(cutover.world)
    answered(EDGE)
    for _ in range(2):
        assert TOOL.do(cutover, silent).facts == {"address": EDGE}
        assert turned(cutover.world)
    answered("198.18.0.6")
    for _ in range(2):
        TOOL.do(to_the_first(cutover), silent)
        assert not turned(cutover.world)


def test_an_answer_that_is_right_already_does_not_stand_for_the_switch(
    cutover: Context, answered: Callable[[str], None]
) -> None:
    answered(EDGE)
    assert TOOL.look(cutover) is None


def test_an_answer_that_does_not_come_is_unknown(
    cutover: Context, answered: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dns, "_ANSWER_WITHIN", dict.fromkeys(DnsMethod, -cutover.plan.dns.ttl))
    answered("198.18.0.6")
    with pytest.raises(EffectUnknown, match=f"does not answer with {EDGE}"):
        TOOL.do(cutover, silent)


@pytest.mark.parametrize(
    "addresses", [{}, {"eu-central-1": ReservedAddress(id="eipalloc-2", ip="198.18.0.9")}]
)
def test_customers_are_not_sent_to_an_address_that_the_entrance_has_not(
    cutover: Context, addresses: dict[str, ReservedAddress]
) -> None:
    with pytest.raises(StepError, match=f"has {EDGE}") as refused:
        TOOL.do(replace(cutover, addresses=addresses), silent)
    assert "reservedAddress" in refused.value.remedy
    assert not turned(cutover.world)


def test_a_run_that_was_overtaken_turns_nothing(world: World, cutover: Context) -> None:
    write_first_epoch(world, cutover.plan)
    EpochTool(EpochWork()).do(replace(cutover, run="theirs", epoch=2), silent)
    with pytest.raises(StepError, match="set by the run theirs"):
        TOOL.do(cutover, silent)
    assert not turned(world)


def test_the_epoch_is_raised_with_global_lost_and_not_without_the_switch(
    world: World, cutover: Context
) -> None:
    write_first_epoch(world, cutover.plan)
    wrong = replace(cutover.plan.dns, switch="corner-none")
    with pytest.raises(StepError, match="s3://corner-none does not answer") as refused:
        EpochTool(EpochWork()).do(replace(cutover, plan=replace(cutover.plan, dns=wrong)), silent)
    assert "as it was" in refused.value.remedy
    assert read_epoch(world, cutover.plan).number == 0
    assert EpochTool(EpochWork()).do(cutover, silent).changed == 1


def test_by_the_method_record_it_is_not_raised_with_global_lost(
    world: World, cutover: Context
) -> None:
    write_first_epoch(world, cutover.plan)
    record = replace(cutover.plan.dns, method=DnsMethod.RECORD, switch=None)
    with pytest.raises(StepError, match="Route 53 does not answer"):
        EpochTool(EpochWork()).do(replace(cutover, plan=replace(cutover.plan, dns=record)), silent)


def test_prepare_makes_nothing_of_a_failover_that_cannot_work(world: World, shop: Write) -> None:
    plan = shop(dns={"name": "corner.example", "ttl": "10s", "method": "failover"})
    s3, off = client(world, "s3", "eu-north-1"), {"Status": "Suspended"}
    s3.put_bucket_versioning(Bucket="corner-dr", VersioningConfiguration=off)
    with pytest.raises(ConfigurationError, match="nothing was touched") as refused:
        prepare(plan, say=silent)
    assert [problem.place for problem in refused.value.problems] == ["dns.switch"]
    versioning = s3.get_bucket_versioning(Bucket="corner-dr")["Status"]
    assert versioning == "Suspended", "the state bucket is as it was"
