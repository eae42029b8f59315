"""A generation that is left behind in the sandbox: the next one serves, and the old one is reaped.

The whole way as a person types it, with two generations of the shop side by side in one region.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from tests.e2e.conftest import NEW, REBUILD, Lost
from tests.e2e.desk import Desk, Run, Said
from tests.e2e.witnesses import counted, resources_in

WHY = ("--reason", "the state of the network is lost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """The next generation serves, beside the one that was left."""

    left: Run
    run: Run
    said: Said
    both: Mapping[str, int]
    """What the region had while both stood."""


@pytest.fixture(scope="module")
def served(desk: Desk, lost: Lost) -> Served:
    assert lost.there_before == {}
    first = desk.drkit(*REBUILD)
    assert first.code == 7, first.out + first.err
    said = desk.drkit(*REBUILD, "--new-generation", *WHY, "--consent", "consent=ana")
    left, run = desk.runs("rebuild")[-2:]
    both = counted(resources_in(desk.sandbox, NEW))
    return Served(left=left, run=run, said=said, both=both)


def test_the_next_generation_serves_and_the_one_that_was_left_is_untouched(
    desk: Desk, lost: Lost, served: Served
) -> None:
    report = served.run.report
    assert served.said.code == report["exit"], served.said.out + served.said.err
    assert all(process["live"] for process in report["processes"]), served.said.out
    assert report["run"]["target"] == f"{NEW}.g2"
    assert served.both["hosts"] == 2 * lost.serving_had["hosts"]
    status = desk.drkit("status", served.left.folder.name)
    assert "left behind" in status.out
    publics = {h["public"] for h in desk.sandbox.status(NEW)["hosts"] if h["public"]}
    [address] = desk.sandbox.ask("shop.example")
    assert str(address) in publics


def test_the_old_one_is_listed_with_why_and_listing_destroys_nothing(
    desk: Desk, served: Served
) -> None:
    listed = desk.drkit("reap", NEW)
    assert listed.code == 0, listed.err
    assert "left behind by" in listed.out
    assert WHY[1] in listed.out
    assert "serves: the epoch names it" in listed.out
    assert counted(resources_in(desk.sandbox, NEW)) == served.both


def test_the_one_that_serves_is_not_reaped(desk: Desk, served: Served) -> None:
    refused = desk.drkit("reap", NEW, "--generation", "2", "--yes", "--reason", "a slip")
    assert refused.code != 0
    assert "the epoch names it" in refused.err
    assert counted(resources_in(desk.sandbox, NEW)) == served.both


def test_the_old_one_goes_and_the_shop_serves_on(desk: Desk, lost: Lost, served: Served) -> None:
    """Last. It was never opened, so no backup keeps its bucket."""
    gone = desk.drkit("reap", NEW, "--generation", "1", "--yes")
    assert gone.code == 0, gone.out + gone.err
    assert counted(resources_in(desk.sandbox, NEW)) == lost.serving_had
    assert f"{NEW}.g1" not in desk.drkit("reap", NEW).out
    refused = desk.drkit(*REBUILD)
    assert "is the site that serves" in refused.err
