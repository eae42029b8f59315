"""A standby among the runs of a site: a rebuild goes on from it, a validation is built beside it,
and nothing that is not urgent is in the way of what is.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner

from drkit.adapters.epoch import read_epoch
from drkit.adapters.generations import known_generations
from drkit.adapters.left_generations import LeftGeneration, leave_generation
from drkit.adapters.outside_store import OutsideStore
from drkit.adapters.pulumi_settings import address_range
from drkit.adapters.runs_folder import RunsFolder
from drkit.adapters.standing_here import head_start_here
from drkit.carrying import AT_ITS_END
from drkit.cli import cli
from drkit.compose import Opened, look_around, open_plan
from drkit.errors import JournalDamaged
from drkit.model.outcome import State
from drkit.model.plan import Plan
from drkit.model.readiness import About, Severity
from drkit.model.record import RunEnded, Target
from drkit.model.step import RunKind, RunMode
from drkit.model.wish import Wish
from drkit.ports import World
from drkit.previewing import head_start_outside
from drkit.reaping import Reaper
from tests.contract.cloud.opened import SITES, Write, backed_up, places, rebuild, served_by
from tests.contract.cloud.standby import SERVES, Standby
from tests.contract.cloud.standby import standby as ready_site
from tests.contract.cloud.states import write_state
from tests.contract.cloud.test_carrying_on import ended, left
from tests.contract.cloud.test_cutover_tools import built
from tests.contract.cloud.test_validating import Night, muzzled
from tests.fakes.clock import START

REGION = "eu-central-1"
WARM = {**SITES, REGION: {**SITES[REGION], "tier": "warm"}}
FAILED = (*ended(State.FAILED), RunEnded(stand="finished"))


def opened(plan: Plan, region: str = REGION) -> Opened:
    return open_plan(look_around(Wish(plan=plan, kind=RunKind.STANDBY, region=region)))


@pytest.fixture
def plan(shop: Write, world: World) -> Plan:
    """A shop that eu-west-3 serves, with a warm site beside it, and no backup."""
    plan = shop(sites=WARM)
    served_by(world, plan, "eu-west-3")
    return plan


def test_it_needs_no_backup_and_no_old_site_that_is_lost(plan: Plan) -> None:
    found = opened(plan)
    assert found.problems == ()
    assert (found.target.name, found.standby) == (f"{REGION}.g1", None)


def test_it_is_brought_up_to_date_in_its_own_generation(world: World, plan: Plan) -> None:
    built(world, f"{REGION}.g1")
    found = opened(plan)
    assert (found.target.name, found.standby) == (f"{REGION}.g1", 1)


def test_a_rebuild_goes_on_from_it(world: World, plan: Plan) -> None:
    backed_up(world)
    left(plan, *ended(State.DONE), RunEnded(stand="finished"), kind=RunKind.STANDBY)
    built(world, f"{REGION}.g1")
    found = rebuild(plan)
    assert found.target.name == f"{REGION}.g1"
    assert found.unfinished is None, "a run of its own: nothing of it is taken as done"


def test_the_next_one_is_built_beside_what_was_opened(world: World, plan: Plan) -> None:
    built(world, f"{REGION}.g1")
    served_by(world, plan, REGION, run="run-2", number=2)
    served_by(world, plan, "eu-west-3", run="run-3", number=3)
    assert opened(plan).target.name == f"{REGION}.g2"


def test_the_site_that_serves_has_none(shop: Write, world: World) -> None:
    plan = shop(sites=WARM)
    served_by(world, plan, REGION)
    assert "--region" in places(opened(plan).problems)


def test_a_cold_site_has_none(shop: Write, world: World) -> None:
    plan = shop()
    served_by(world, plan, "eu-west-3")
    assert places(opened(plan).problems) == [f"sites.{REGION}.tier"]


def test_it_is_not_built_under_the_feet_of_a_rebuild(plan: Plan) -> None:
    mine = left(plan, *FAILED, kind=RunKind.STANDBY)
    run = left(plan, *FAILED)
    found = opened(plan)
    assert [run in problem.message for problem in found.problems] == [True]
    assert found.unfinished is None
    assert mine != run


def test_it_keeps_off_what_a_move_has_restored_however_long_its_old_site_is_closed(
    plan: Plan,
) -> None:
    closed = ended(State.DONE, "quiesce")
    ago, planned = timedelta(hours=2), RunMode.PLANNED
    run = left(plan, *closed, RunEnded(stand="waits"), ago=ago, mode=planned)
    assert [run in problem.message for problem in opened(plan).problems] == [True]


def test_it_is_not_built_where_nobody_can_say_what_a_rebuild_has(plan: Plan) -> None:
    run = left(plan, *FAILED, ago=timedelta(hours=2))
    journal = RunsFolder(plan.root).journal(run)
    journal.write_text(journal.read_text().replace("compute", "another"))
    with pytest.raises(JournalDamaged):
        opened(plan)


def test_a_rebuild_knows_which_machines_were_cut_off_on_what_it_goes_on_from(
    world: World, plan: Plan
) -> None:
    """What Pulumi had locked there stays locked, and nobody is at it."""
    backed_up(world)
    left(plan, *ended(State.DONE), kind=RunKind.STANDBY, steps=("compute", "base"))
    built(world, f"{REGION}.g1")
    assert rebuild(plan).cut_off == ("x",)


def test_a_machine_that_came_to_its_end_has_locked_nothing(world: World, plan: Plan) -> None:
    backed_up(world)
    left(plan, *ended(State.DONE), RunEnded(stand="finished"), kind=RunKind.STANDBY)
    built(world, f"{REGION}.g1")
    assert rebuild(plan).cut_off == ()


@pytest.mark.parametrize("cut_off", [(), (RunEnded(stand="interrupted"),)])
def test_one_that_was_cut_off_is_carried_on_with_whoever_is_served_meanwhile(
    plan: Plan, cut_off: tuple[RunEnded, ...]
) -> None:
    run = left(plan, *ended(State.DONE), *cut_off, kind=RunKind.STANDBY, steps=("compute", "base"))
    found = opened(plan)
    assert found.unfinished is not None
    assert found.unfinished.run == run
    assert found.problems == ()


def test_one_that_failed_is_begun_anew_for_the_cause_may_lie_in_what_was_done(plan: Plan) -> None:
    """A host that was ended since is made anew by the stack, which had been done before."""
    run = left(plan, *ended(State.DONE), *ended(State.FAILED, "base"), RunEnded(stand="finished"),
               kind=RunKind.STANDBY, steps=("compute", "base"))  # fmt: skip
    found = opened(plan)
    assert found.unfinished is None
    assert found.left is not None
    assert (found.left.run, found.left.why) == (run, AT_ITS_END)


def test_one_that_was_left_alone_for_long_is_looked_at_anew(plan: Plan) -> None:
    left(plan, *FAILED, kind=RunKind.STANDBY, ago=timedelta(hours=2))
    found = opened(plan)
    assert found.unfinished is None
    assert found.left is not None


def test_a_validation_is_built_beside_it_in_a_range_of_its_own(shop: Write, world: World) -> None:
    plan = muzzled(shop, sites=WARM)
    served_by(world, plan, "eu-west-3")
    backed_up(world)
    built(world, f"{REGION}.g1")
    night = Night(plan, world)
    seen = []
    for _ in range(5):
        found = night.opened()
        assert (found.standby, found.wish.compares) == (1, True)
        seen.append(found.target)
        night.begin()
    stands = address_range(plan, Target(shop="corner", region=REGION, generation=1))
    assert stands not in {address_range(plan, target) for target in seen}
    assert rebuild(plan).target.name == f"{REGION}.g1"


def test_what_nothing_stands_beside_takes_every_range(world: World, plan: Plan) -> None:
    epoch = read_epoch(world, plan)
    found = known_generations(world, plan, REGION, epoch)
    assert (found.standing, found.fresh) == (None, 1)


def test_it_is_taken_away_like_any_generation_and_nobody_builds_on_it_again(
    world: World, plan: Plan
) -> None:
    (plan.root / "stacks" / "compute" / "Pulumi.yaml").write_text("name: compute\n")
    write_state(world, "compute", f"{REGION}.g1", instances={"i-1": "m5.large"})
    left(plan, *FAILED, kind=RunKind.STANDBY)
    [found] = Reaper(plan, REGION).found()
    assert (found.refused, found.stands_by) == ("", True)
    listed = CliRunner().invoke(cli, ["reap", REGION, "--plan", str(plan.root / "drkit.yaml")])
    assert "never opened, the warm standby" in listed.output
    gone = LeftGeneration(target=found.target, reason="reaped", operator="ana@x", at=START)
    leave_generation(OutsideStore(world, plan), gone)
    assert opened(plan).target.name == f"{REGION}.g2"
    assert opened(plan).standby is None


def about_the_standby(site: Standby) -> list[Any]:
    return [finding for finding in site.findings() if finding.about is About.STANDBY]


def test_a_warm_site_is_not_ready_before_its_standby_stands(shop: Write, world: World) -> None:
    site = ready_site(shop, world, sites=WARM)
    [finding] = about_the_standby(site)
    assert finding.severity is Severity.THREATENS
    assert f"`drkit standby --region {REGION}`" in finding.remedy
    write_state(world, "compute", f"{REGION}.g1", instances={"i-2": "m5.large"})
    # the proof of an hour ago has built it, and all that a standby is made of
    assert about_the_standby(site) == []
    assert f"{REGION}.g1 stands by" in site.look().good


def test_a_standby_of_which_a_step_failed_is_a_finding(shop: Write, world: World) -> None:
    site = ready_site(shop, world, sites=WARM)
    write_state(world, "compute", f"{REGION}.g1", instances={"i-2": "m5.large"})
    run = left(site.plan, *FAILED, kind=RunKind.STANDBY)
    [finding] = about_the_standby(site)
    assert run in finding.message
    assert site.run in RunsFolder(site.plan.root).names()


def test_nothing_is_said_of_the_standby_of_a_cold_site(shop: Write, world: World) -> None:
    assert about_the_standby(ready_site(shop, world)) == []
    assert SERVES != REGION


def test_a_preview_of_the_plan_asks_outside_what_stands(shop: Write, world: World) -> None:
    plan = shop(sites=WARM)
    served_by(world, plan, "eu-west-3")
    found = head_start_outside(plan, REGION)
    assert found is not None
    assert (found.standing, found.asked) == (None, True)
    built(world, f"{REGION}.g1")
    found = head_start_outside(plan, REGION)
    assert found is not None
    assert "done by a run that is not known" in found.lines()[0]
    run = left(plan, *ended(State.DONE), RunEnded(stand="finished"), kind=RunKind.STANDBY)
    found = head_start_outside(plan, REGION)
    assert found is not None
    assert found.standing is not None
    assert (found.standing.target.name, found.run) == (f"{REGION}.g1", run)


def test_what_was_reaped_elsewhere_stands_no_more_for_who_asks_outside(
    world: World, plan: Plan
) -> None:
    left(plan, *ended(State.DONE), RunEnded(stand="finished"), kind=RunKind.STANDBY)
    built(world, f"{REGION}.g1")
    target = Target(shop="corner", region=REGION, generation=1)
    gone = LeftGeneration(target=target, reason="reaped", operator="bo@y", at=START)
    leave_generation(OutsideStore(world, plan), gone)
    here, outside = head_start_here(plan, REGION), head_start_outside(plan, REGION)
    assert here is not None
    assert outside is not None
    assert here.standing is not None, "the runs on this machine do not tell"
    assert outside.standing is None
