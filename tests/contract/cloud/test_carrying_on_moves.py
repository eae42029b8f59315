"""A planned move that was left: carried on with for as long as its old site is closed by it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from drkit.model.outcome import State
from drkit.model.place_record import SiteReopened
from drkit.model.record import Body, RunEnded, StepSkipped
from drkit.model.step import RunMode
from drkit.ports import World
from tests.contract.cloud.opened import Write, backed_up, places, rebuild, served_by
from tests.contract.cloud.test_carrying_on import carried_on, ended, left

LONG = timedelta(hours=2)
PLANNED, UNPLANNED = RunMode.PLANNED, RunMode.UNPLANNED
CLOSED = ended(State.DONE, "quiesce")
GIVEN_BACK = SiteReopened(site="eu-west-3.g1", reason="too slow", operator="ana@x")
GIVEN_UP = StepSkipped(step="quiesce", reason="--mode unplanned: it burns", operator="ana@x")


@pytest.mark.parametrize("mode", [None, PLANNED, UNPLANNED])
@pytest.mark.parametrize("so_far", [(), ended(State.DONE), CLOSED[:1], CLOSED])
def test_the_same_run_goes_on_planned_or_without_its_old_site(
    shop: Write, world: World, so_far: tuple[Body, ...], mode: RunMode | None
) -> None:
    plan = shop()
    served_by(world, plan, "eu-west-3")
    backed_up(world)
    run = left(plan, *so_far, mode=PLANNED)
    opened = rebuild(plan, mode=mode)
    assert opened.unfinished is not None
    assert (opened.unfinished.run, opened.mode) == (run, PLANNED)


def test_who_is_closed_by_it_does_not_wait_for_another_run(shop: Write, world: World) -> None:
    """Nobody was served meanwhile, however long it took: nothing that was restored is old."""
    plan = shop()
    served_by(world, plan, "eu-west-3")
    run = left(plan, *CLOSED, RunEnded(stand="waits"), ago=LONG, mode=PLANNED)
    assert carried_on(plan) == run


def test_one_that_was_left_for_long_before_it_closed_anything_begins_anew(
    shop: Write, world: World
) -> None:
    plan = shop()
    served_by(world, plan, "eu-west-3")
    left(plan, *ended(State.DONE), ago=LONG, mode=PLANNED)
    assert carried_on(plan) is None


@pytest.mark.parametrize("mode", [None, PLANNED, UNPLANNED])
def test_once_the_old_site_was_given_back_nothing_of_it_is_carried_on(
    shop: Write, world: World, mode: RunMode | None
) -> None:
    plan = shop()
    served_by(world, plan, "eu-west-3")
    left(plan, *CLOSED, RunEnded(stand="waits"), GIVEN_BACK, mode=PLANNED)
    assert carried_on(plan, mode=mode) is None


def test_one_that_gave_its_old_site_up_is_as_any_unplanned_run(shop: Write, world: World) -> None:
    plan = shop()
    served_by(world, plan, "eu-west-3")
    run = left(plan, *CLOSED[:1], GIVEN_UP, mode=PLANNED)
    assert carried_on(plan) == run
    assert carried_on(plan, mode=PLANNED) is None


def test_one_that_gave_its_old_site_up_grows_old_too(shop: Write, world: World) -> None:
    plan = shop()
    served_by(world, plan, "eu-west-3")
    left(plan, *CLOSED[:1], GIVEN_UP, ago=LONG, mode=PLANNED)
    assert carried_on(plan) is None


def test_a_planned_move_begins_with_a_site_that_serves_and_carries_on_with_no_other_run(
    shop: Write, world: World
) -> None:
    plan = shop()
    for name in ("quiesce", "reopen"):
        (plan.root / "playbooks" / f"{name}.yml").touch()
    served_by(world, plan, "eu-west-3")
    backed_up(world)
    left(plan, *ended(State.DONE))
    opened = rebuild(plan, mode=PLANNED)
    assert (opened.unfinished, opened.mode) == (None, PLANNED)
    [problem] = opened.problems
    assert problem.name == "--mode"
    assert "a planned move needs the old site" in problem.message
    assert not problem.may_be_accepted


def test_a_shop_that_cannot_be_closed_or_given_back_is_not_moved(shop: Write, world: World) -> None:
    plan = shop()
    served_by(world, plan, "eu-west-3")
    backed_up(world)
    assert places(rebuild(plan, mode=PLANNED).problems) == ["--mode", "--mode", "--mode"]
