"""An unfinished run whose plan was changed: refused, accepted, or left behind, and said which."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from drkit.compose import Opened
from drkit.errors import ConfigurationError
from drkit.model.outcome import State
from drkit.model.plan import Plan
from drkit.model.record import RunEnded
from drkit.model.step import RunMode
from drkit.ports import World
from tests.contract.cloud.opened import MOMENT, Write, backed_up, places, rebuild, served_by
from tests.contract.cloud.test_carrying_on import ended, left
from tests.fakes.documents import DOCUMENT

OTHER = {"providers": {"card-a": {"endpoint": "https://other.example"}}}
CHANGE = "providers.card-a.endpoint: was https://card-a.example, is https://other.example"

STEPS = ("compute", "storefront")


def accepted(plan: Plan, **more: Any) -> Opened:
    return rebuild(plan, accept_plan_change=True, reason="the provider moved", **more)


@pytest.fixture
def run(shop: Write, world: World) -> str:
    """A run by the plan as it was, with its stack done."""
    plan = shop()
    served_by(world, plan, "eu-west-3")
    backed_up(world)
    return left(plan, *ended(State.DONE), RunEnded(stand="waits"), steps=STEPS)


def test_the_run_in_whose_place_another_begins_is_named_with_why_and_what_differs(
    shop: Write, run: str
) -> None:
    opened = rebuild(shop(**OTHER))
    assert opened.unfinished is None
    assert opened.left is not None
    assert opened.left.run == run
    assert "the plan is not the one" in opened.left.why
    assert opened.left.changes == (CHANGE,)


def test_one_that_is_left_behind_for_another_reason_is_named_too(shop: Write, run: str) -> None:
    opened = rebuild(shop(), recover_to=MOMENT)
    assert opened.left is not None
    assert opened.left.why == "it does not restore to that moment"
    assert opened.left.changes == ()
    assert rebuild(shop()).left is None, "one that is carried on with is not left behind"


def test_a_run_by_name_is_refused_with_the_differences_and_the_way_on(
    shop: Write, run: str
) -> None:
    with pytest.raises(ConfigurationError, match="cannot be carried on") as refused:
        rebuild(shop(**OTHER), resumes=run)
    assert [problem.message for problem in refused.value.problems] == [CHANGE]
    assert "--accept-plan-change --reason" in refused.value.remedy


@pytest.mark.parametrize("named", [True, False])
def test_with_the_change_accepted_the_run_goes_on(shop: Write, run: str, named: bool) -> None:
    opened = accepted(shop(**OTHER), resumes=run if named else "")
    assert opened.unfinished is not None
    assert opened.unfinished.run == run
    assert opened.left is None
    assert opened.change is not None
    assert opened.change.changes == (CHANGE,)
    assert opened.satisfied == {"compute"}, "a stack is not told of providers"


def test_what_the_change_undoes_does_not_count_as_done(shop: Write, run: str) -> None:
    stacks = {"compute": {"provides": ["edge", "app"], "instances": ["large"]}}
    opened = accepted(shop(stacks=stacks))
    assert opened.change is not None
    assert opened.change.again == ("compute",)
    assert opened.satisfied == frozenset()


def test_an_acceptance_without_a_change_changes_nothing(shop: Write, run: str) -> None:
    opened = accepted(shop())
    assert opened.change is None
    assert opened.satisfied == {"compute"}


def test_an_acceptance_does_not_bring_back_what_another_reason_speaks_against(
    shop: Write, run: str
) -> None:
    opened = accepted(shop(**OTHER), recover_to=MOMENT)
    assert opened.unfinished is None
    assert opened.left is not None
    with pytest.raises(ConfigurationError, match="does not restore to that moment"):
        accepted(shop(**OTHER), recover_to=MOMENT, resumes=run)


def test_a_run_stays_where_it_is(shop: Write, run: str) -> None:
    moved = {**DOCUMENT["outside"], "backups": "s3://corner-other"}
    with pytest.raises(ConfigurationError, match="cannot take this change") as refused:
        accepted(shop(outside=moved), resumes=run)
    assert places(refused.value.problems) == ["outside.backups"]


def test_in_the_middle_of_a_cutover_an_accepted_change_undoes_nothing(
    shop: Write, world: World, run: str
) -> None:
    served_by(world, shop(), "eu-central-1", run=run, number=2)
    [refused] = rebuild(shop(**OTHER)).problems
    assert "--accept-plan-change" in refused.remedy
    stacks = {"compute": {"provides": ["edge", "app"], "instances": ["large"]}}
    opened = accepted(shop(stacks=stacks))
    assert opened.change is not None
    assert (opened.change.again, opened.change.kept) == ((), ("compute",))
    assert opened.satisfied == {"compute"}


def test_a_plan_that_this_drkit_cannot_read_is_said_with_the_way_on(
    shop: Write, world: World
) -> None:
    plan = shop()
    served_by(world, plan, "eu-west-3")
    run = left(replace(plan, source={**plan.source, "version": 9}))
    with pytest.raises(ConfigurationError, match="is none that this drkit reads") as refused:
        accepted(plan, resumes=run)
    assert "the drkit that began it" in refused.value.remedy


def test_a_planned_move_takes_a_changed_plan_and_its_old_site_stays_closed(
    shop: Write, world: World
) -> None:
    plan = shop()
    served_by(world, plan, "eu-west-3")
    backed_up(world)
    closed = (*ended(State.DONE), *ended(State.DONE, "quiesce"))
    run = left(plan, *closed, RunEnded(stand="waits"), steps=STEPS, mode=RunMode.PLANNED)
    opened = accepted(shop(**OTHER))
    assert opened.unfinished is not None
    assert (opened.unfinished.run, opened.mode) == (run, RunMode.PLANNED)
    assert opened.change is not None
    assert opened.change.dropped == ()
    assert "quiesce" in opened.satisfied
