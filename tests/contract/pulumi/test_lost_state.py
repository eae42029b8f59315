"""A state that is lost or damaged: brought back from its copy, and nothing is there twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from drkit.adapters.adoption import Cloud
from drkit.adapters.epoch import read_epoch
from drkit.adapters.generations import choose_generation
from drkit.adapters.pulumi_stack import StackTool
from drkit.adapters.state_copies import MARK
from drkit.errors import EffectUnknown, StepError
from drkit.model.outcome import Outcome
from drkit.model.step import StackWork
from tests.contract.pulumi.conftest import REGION, Site
from tests.contract.pulumi.small import SMALL, with_small_network
from tests.contract.pulumi.stored import Stored, without
from tests.contract.pulumi.test_killed_update import WHOLE, generation, live

SPOILED: dict[str, Callable[[bytes], bytes | None]] = {
    "deleted": lambda _: None,
    "truncated": lambda body: body[: len(body) // 2],
    "garbage": lambda _: b"\x00\x01no state",
    "an empty object": lambda _: b"{}",
}
# how damage is known is test_state.py's, flaw by flaw; from there the way is the same
OFTEN = ("deleted", "truncated")
KINDS_OF_LOSS = [
    how if how in OFTEN else pytest.param(how, marks=pytest.mark.stress) for how in SPOILED
]


NUMBER = 22
"""Of the generation that most of these tests share. None that others use: what a killed update
left is ended on the whole machine, by the name of its stack."""


def made_later(entry: dict[str, Any]) -> bool:
    """All but the stack itself, its provider and the first that it makes."""
    return str(entry["type"]).startswith("aws:") and entry["type"] != "aws:ec2/eip:Eip"


def bring(site: Site) -> tuple[Outcome, list[str]]:
    said: list[str] = []
    return StackTool(StackWork(stack="network")).do(site.seen(), said.append), said


@pytest.fixture(scope="module")
def backups(site: Site) -> None:
    """The second place, as `drkit prepare` leaves it."""
    s3, outside = site.cloud.client("s3", "eu-north-1"), site.context.plan.outside
    where = {"LocationConstraint": outside.region}
    s3.create_bucket(Bucket=outside.backups, CreateBucketConfiguration=where)


@pytest.fixture(scope="module")
def network(site: Site, backups: None, tmp_path_factory: pytest.TempPathFactory) -> Stored:
    """A generation with its network up, a small one, and a copy of its state."""
    mine = generation(with_small_network(site, tmp_path_factory.mktemp("small")), NUMBER)
    outcome, _ = bring(mine)
    assert outcome.done, outcome.failures
    assert outcome.message == ""
    return Stored(mine, "network")


def spoil(stored: Stored, how: str) -> None:
    body = stored.body()
    assert body is not None
    spoiled = SPOILED[how](body)
    if spoiled is None:
        stored.delete()
    else:
        stored.write(spoiled)


def test_a_copy_is_the_state_itself_with_its_secrets_encrypted(network: Stored) -> None:
    copies = network.copies()
    assert network.body() in copies.values()
    assert all(b'"plaintext"' not in body for body in copies.values())


@pytest.mark.parametrize("how", KINDS_OF_LOSS)
def test_a_state_that_is_gone_or_damaged_comes_back_and_everything_is_there_once(
    network: Stored, how: str
) -> None:
    spoil(network, how)
    spoiled = network.body()
    outcome, said = bring(network.site)
    assert outcome.done, outcome.failures
    assert "was lost" in outcome.message or "was damaged" in outcome.message
    assert outcome.message in said
    assert outcome.changed == 0
    assert live(network.site, NUMBER) == SMALL
    kept = [body for name, body in network.copies().items() if name.startswith("damaged/")]
    assert spoiled is None or spoiled in kept
    assert MARK not in json.loads(network.body() or b"")


def test_a_preview_writes_nothing_and_says_what_it_cannot_know(network: Stored) -> None:
    good = network.body() or b""
    spoil(network, "truncated")
    before = network.body(), network.copies()
    with pytest.raises(EffectUnknown, match=r"not known yet: its state was damaged") as raised:
        StackTool(StackWork(stack="network")).preview(network.site.seen())
    assert "bring it up" in raised.value.remedy
    assert (network.body(), network.copies()) == before
    network.write(good)


def test_nothing_is_brought_back_while_somebody_may_be_at_work(network: Stored) -> None:
    mine = Stored(generation(network.site, 27), "network")
    good = (network.body() or b"").replace(b".g22", b".g27")
    mine.add_copy(good)
    mine.lock(pid=1, username="ana", hostname="laptop", timestamp="2026-11-26T05:00:00Z")
    with pytest.raises(StepError, match=r"ana@laptop \(pid 1\)"):
        bring(mine.site)
    assert mine.body() is None


def test_a_damaged_state_without_a_good_copy_is_a_persons_and_stays_as_it_is(
    network: Stored,
) -> None:
    mine = Stored(generation(network.site, 28), "network")
    mine.write(b"{}")
    mine.add_copy(b"{}")
    mine.add_copy((network.body() or b"").replace(b".g22", b".g28"), digest="0" * 16)
    with pytest.raises(StepError, match="has no good copy") as raised:
        bring(mine.site)
    assert "older version" in raised.value.remedy
    assert mine.body() == b"{}"


def test_a_generation_of_which_only_copies_are_left_is_still_the_newest(network: Stored) -> None:
    context = network.site.context
    mine = Stored(generation(network.site, 29), "network")
    mine.add_copy(b"{}")
    epoch = read_epoch(context.world, context.plan)
    assert choose_generation(context.world, context.plan, REGION, epoch) == 29
    mine.forget_copies()
    assert choose_generation(context.world, context.plan, REGION, epoch) < 29


def test_what_was_made_after_the_copy_is_found_and_not_made_again(
    site: Site, backups: None
) -> None:
    """Every kind of resource that the shop's own network has."""
    mine = Stored(generation(site, 21), "network")
    assert mine.site.bring("network").done
    old = without(mine.body() or b"", made_later)
    mine.forget_copies()
    mine.add_copy(old)
    mine.delete()
    check_adopted(mine, WHOLE["network"])


def test_also_where_the_try_that_brought_the_state_back_was_killed_before_it_had_looked(
    network: Stored,
) -> None:
    old = without(network.body() or b"", made_later)
    network.forget_copies()
    network.write(json.dumps({**json.loads(old), MARK: "its state was lost"}).encode())
    check_adopted(network, SMALL)


def check_adopted(stored: Stored, all_of_it: Mapping[str, int]) -> None:
    outcome, said = bring(stored.site)
    assert outcome.done, outcome.failures
    assert "adopts aws:ec2/vpc:Vpc vpc" in "\n".join(said)
    assert live(stored.site, stored.site.context.target.generation) == all_of_it
    assert bring(stored.site)[0].changed == 0


def test_a_stack_that_was_destroyed_does_not_come_back(site: Site, backups: None) -> None:
    mine = generation(site, 23)
    assert mine.bring("storage").done
    stored, tool = Stored(mine, "storage"), StackTool(StackWork(stack="storage"))
    assert tool.destroy(mine.seen(), lambda _line: None).done
    stored.delete()
    assert tool.look(mine.seen()) is None
    assert json.loads(stored.body() or b"")["checkpoint"]["latest"].get("resources", []) == []


def test_a_copy_that_cannot_be_made_is_said_and_fails_nothing(network: Stored) -> None:
    context = network.site.context
    elsewhere = replace(context.plan.outside, backups="boutique-nowhere")
    plan = replace(context.plan, outside=elsewhere)
    outcome, said = bring(replace(network.site, context=replace(context, plan=plan)))
    assert outcome.done
    assert "could not be copied to s3://boutique-nowhere/stacks/network/" in outcome.message
    assert outcome.message in said


def test_without_a_copy_everything_would_be_there_twice(network: Stored) -> None:
    """The guard taken away. Last of those that share this network: it is not whole after it."""
    network.forget_copies()
    network.delete()
    bring(network.site)
    assert live(network.site, NUMBER)["vpcs"] == 2


def test_without_adoption_what_was_made_after_the_copy_would_be_there_twice(
    network: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The guard taken away."""
    vpcs = live(network.site, NUMBER)["vpcs"]
    old = without(network.body() or b"", made_later)
    network.forget_copies()
    network.add_copy(old)
    network.delete()
    monkeypatch.setattr(Cloud, "find", lambda *_: None)
    bring(network.site)
    assert live(network.site, NUMBER)["vpcs"] == vpcs + 1
