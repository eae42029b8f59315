"""Which generation may go, and in which order its stacks do."""

from __future__ import annotations

from drkit.model.plan import Stack
from drkit.model.record import Target
from drkit.planning.reaping import Builder, order_of_removal, refusal
from tests.fakes import plans

MINE = Target(shop="corner", region="eu-central-1", generation=2)
OTHER = Target(shop="corner", region="eu-central-1", generation=3)


def builder(*, stale: bool = False, consented: bool = False) -> Builder:
    return Builder(run="run-1", stale=stale, consented=consented)


def test_what_serves_stays_and_another_generation_of_that_site_goes() -> None:
    assert "serves" in refusal(MINE, MINE, None)
    assert refusal(MINE, OTHER, None) == ""
    assert refusal(MINE, None, None) == ""


def test_what_a_run_may_still_open_stays() -> None:
    assert "run-1 has built it" in refusal(MINE, OTHER, builder())
    assert "said yes" in refusal(MINE, OTHER, builder(stale=True, consented=True))
    assert refusal(MINE, OTHER, builder(stale=True)) == ""


def test_a_stack_goes_before_those_that_it_needs() -> None:
    names = {"compute": ("network", "storage"), "network": (), "storage": ("network",)}
    stacks = {
        name: Stack(name=name, needs=needs, provides=(), instances=())
        for name, needs in names.items()
    }
    assert order_of_removal(plans.plan(stacks=stacks)) == ("compute", "storage", "network")
