"""DNS and generations: what cutover changes, and what it leaves alone."""

from __future__ import annotations

import pytest

from drkit.adapters.cloud import client
from drkit.adapters.dns import DnsTool, resolve
from drkit.adapters.epoch import EpochTool, read_epoch, write_first_epoch
from drkit.adapters.generations import choose_generation
from drkit.adapters.identities import RevokeTool
from drkit.errors import ConfigurationError, EffectUnknown, StepError
from drkit.model.plan import Plan
from drkit.model.step import DnsWork, EpochWork, RevokeWork
from drkit.ports import World
from tests.contract.cloud.values import context_in, silent

DNS, REVOKE = DnsTool(DnsWork()), RevokeTool(RevokeWork())


def zone_named(world: World, name: str, *, private: bool = False) -> str:
    made = client(world, "route53", "eu-north-1").create_hosted_zone(
        Name=name, CallerReference=name, HostedZoneConfig={"PrivateZone": private, "Comment": ""}
    )
    return str(made["HostedZone"]["Id"])


def addresses(world: World, zone: str) -> list[str]:
    sets = client(world, "route53", "eu-north-1").list_resource_record_sets(HostedZoneId=zone)
    return [r["Value"] for s in sets["ResourceRecordSets"] if s["Type"] == "A"
            for r in s["ResourceRecords"]]  # fmt: skip


def test_the_public_name_is_pointed_to_the_new_edge(world: World, plan: Plan) -> None:
    zone_named(world, "corner.example")
    context = context_in(world, plan)
    assert DNS.look(context) is None
    outcome = DNS.do(context, silent)
    assert (outcome.changed, outcome.facts) == (1, {"address": "198.18.0.7"})
    assert resolve(world, "corner.example") == ("198.18.0.7",)
    looked = DNS.look(context)
    assert looked is not None
    assert looked.changed == 0


def test_of_several_zones_the_one_that_customers_are_sent_to_is_changed(
    world: World, plan: Plan
) -> None:
    outer, own = zone_named(world, "example"), zone_named(world, "corner.example")
    DNS.do(context_in(world, plan), silent)
    assert addresses(world, own) == ["198.18.0.7"]
    assert addresses(world, outer) == []


def test_a_name_that_no_zone_holds_is_refused_with_the_remedy(world: World, plan: Plan) -> None:
    zone_named(world, "orner.example")
    with pytest.raises(StepError, match="no public zone") as refused:
        DNS.do(context_in(world, plan), silent)
    assert "drkit prepare" in refused.value.remedy


def test_a_site_without_a_public_edge_is_refused(world: World, plan: Plan) -> None:
    hosts = {"edge-1": {"groups": ["edge"], "public": None}}
    context = context_in(world, plan, facts={"compute": {"hosts": hosts}})
    with pytest.raises(StepError, match="public address"):
        DNS.look(context)


def test_a_change_of_dns_that_was_not_answered_is_unknown(lost: World, plan: Plan) -> None:
    with pytest.raises(EffectUnknown):
        DNS.do(context_in(lost, plan), silent)


def built(world: World, *names: str) -> None:
    for name in names:
        key = f".pulumi/stacks/network/{name}.json"
        client(world, "s3", "eu-north-1").put_object(Bucket="corner-dr", Key=key, Body=b"{}")


def opened(world: World, plan: Plan, *generations: int) -> None:
    write_first_epoch(world, plan)
    for number, generation in enumerate(generations, start=1):
        target = context_in(world, plan).target.__class__(
            shop="corner", region="eu-central-1", generation=generation
        )
        context = context_in(world, plan, run=f"run-{number}", target=target, epoch=number)
        EpochTool(EpochWork()).do(context, silent)


@pytest.mark.parametrize(
    ("stacks", "generations", "chosen"),
    [
        ((), (), 1),
        (("eu-central-1.g1",), (), 1),
        (("eu-central-1.g1",), (1,), 2),
        (("eu-central-1.g1", "eu-central-1.g2"), (1,), 2),
        (("eu-central-1.g1", "eu-central-1.g2"), (1, 2), 3),
        (("eu-central-1.g9", "eu-central-1.g10"), (9,), 10),
        (("eu-west-3.g7", "eu-central-1.g1.backup"), (), 1),
        ((), (1,), 2),
    ],
)
@pytest.mark.usefixtures("zone")
def test_a_run_takes_the_newest_generation_that_was_never_opened_else_the_next(
    world: World, plan: Plan, stacks: tuple[str, ...], generations: tuple[int, ...], chosen: int
) -> None:
    built(world, *stacks)
    opened(world, plan, *generations)
    epoch = read_epoch(world, plan)
    assert choose_generation(world, plan, "eu-central-1", epoch) == chosen


def test_a_state_that_cannot_be_read_is_not_an_empty_one(
    world: World, lost: World, plan: Plan
) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        choose_generation(lost, plan, "eu-central-1", read_epoch(world, plan))


@pytest.mark.parametrize("tool", [DNS, REVOKE])
def test_a_cutover_that_another_run_has_overtaken_changes_nothing(
    world: World, plan: Plan, tool: DnsTool | RevokeTool
) -> None:
    own = zone_named(world, "corner.example")
    write_first_epoch(world, plan)
    EpochTool(EpochWork()).do(context_in(world, plan, run="theirs", epoch=2), silent)
    with pytest.raises(StepError, match="set by the run theirs"):
        tool.do(context_in(world, plan, run="ours", epoch=1), silent)
    assert addresses(world, own) == []
