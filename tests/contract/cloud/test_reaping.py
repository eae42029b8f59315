"""What of a site's generations may be removed, and what is refused before anything is touched."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner

from drkit.adapters.cloud import client
from drkit.adapters.epoch import KEY, read_epoch
from drkit.adapters.generations import choose_generation
from drkit.adapters.left_generations import LeftGeneration, Passing, leave_generation
from drkit.adapters.outside_store import OutsideStore
from drkit.adapters.runs_folder import RunsFolder
from drkit.adapters.scratch import make_scratch, sweep_all
from drkit.cli import cli
from drkit.destroying import Destroying, Reaped
from drkit.errors import ConfigurationError, Exit, RunBusy, UsageError
from drkit.model.outcome import State
from drkit.model.place_record import SiteReopened
from drkit.model.plan import Plan
from drkit.model.record import GateAnswered, RunEnded, Target
from drkit.model.step import RunKind, RunMode
from drkit.planning.reaping import order_of_removal
from drkit.ports import World
from drkit.reaping import Reaper
from tests.contract.cloud.opened import Write, served_by
from tests.contract.cloud.places import Place
from tests.contract.cloud.states import write_state
from tests.contract.cloud.test_carrying_on import ended, left
from tests.fakes.clock import START

REGION = "eu-central-1"
TARGET = Target(shop="corner", region=REGION, generation=1)
YES = GateAnswered(
    step="consent", person="ana", role="lead", consent=True, comment="", signed=False
)
OLD = timedelta(hours=2)


@pytest.fixture
def plan(shop: Write, world: World) -> Plan:
    """A shop that is served from eu-west-3, with a generation of eu-central-1 half built."""
    plan = shop()
    (plan.root / "stacks" / "compute" / "Pulumi.yaml").write_text("name: compute\n")
    served_by(world, plan, "eu-west-3")
    for stack in (f"{REGION}.g1", "eu-west-3.g1"):
        write_state(world, "compute", stack, instances={"i-1": "m5.large"})
    return plan


def silent(_line: str) -> None: ...


def due(world: World, plan: Plan) -> int:
    return choose_generation(world, plan, REGION, read_epoch(world, plan))


def give_up(world: World, plan: Plan) -> None:
    mark = LeftGeneration(target=TARGET, reason="stuck", operator="ana@x", at=START)
    leave_generation(OutsideStore(world, plan), mark)


def test_what_is_there_is_listed_and_nothing_is_touched(world: World, plan: Plan) -> None:
    [found] = Reaper(plan, REGION).found()
    assert (found.target, found.opened, found.left, found.refused) == (TARGET, False, None, "")
    [stack] = found.remains
    assert stack.resources == ("aws:ec2/instance:Instance urn:i-1 i-1",)
    assert due(world, plan) == 1


def test_what_is_removed_is_never_built_upon_again(
    world: World, plan: Plan, destroyed: list[str]
) -> None:
    Reaper(plan, REGION).reap(1, silent)
    assert destroyed == [TARGET.name]
    assert due(world, plan) == 2


def test_what_serves_is_not_removed(world: World, plan: Plan, destroyed: list[str]) -> None:
    with pytest.raises(ConfigurationError, match="the epoch names it"):
        Reaper(plan, "eu-west-3").reap(1, silent)
    assert destroyed == []


def test_what_a_run_has_built_and_may_open_is_not_removed(
    world: World, plan: Plan, destroyed: list[str]
) -> None:
    run = left(plan, *ended(State.FAILED), RunEnded(stand="finished"))
    with pytest.raises(ConfigurationError, match="is not over") as refused:
        Reaper(plan, REGION).reap(1, silent)
    assert run in str(refused.value)
    assert "--new-generation" in refused.value.remedy
    give_up(world, plan)
    Reaper(plan, REGION).reap(1, silent)
    assert destroyed == [TARGET.name]


def test_what_a_person_said_yes_to_is_not_removed_however_old(
    plan: Plan, destroyed: list[str]
) -> None:
    left(plan, YES, RunEnded(stand="interrupted"), ago=OLD)
    with pytest.raises(ConfigurationError, match="said yes at a gate"):
        Reaper(plan, REGION).reap(1, silent)
    assert destroyed == []


def test_what_a_run_built_that_nobody_carries_on_with_is_removed(
    plan: Plan, destroyed: list[str]
) -> None:
    left(plan, RunEnded(stand="interrupted"), ago=OLD)
    Reaper(plan, REGION).reap(1, silent)
    assert destroyed == [TARGET.name]


def test_what_a_planned_move_would_carry_on_with_is_not_removed_until_its_old_site_is_given_back(
    plan: Plan, destroyed: list[str]
) -> None:
    """However old it is: nobody was served meanwhile. And then also where somebody had said yes."""
    closed = (*ended(State.DONE, "quiesce"), YES, RunEnded(stand="interrupted"))
    left(plan, *closed[:2], closed[-1], ago=OLD, mode=RunMode.PLANNED)
    with pytest.raises(ConfigurationError, match="is not over"):
        Reaper(plan, REGION).reap(1, silent)
    assert destroyed == []
    back = SiteReopened(site="eu-west-3.g1", reason="too slow", operator="ana@x")
    left(plan, *closed, back, mode=RunMode.PLANNED)
    Reaper(plan, REGION).reap(1, silent)
    assert destroyed == [TARGET.name]


def test_what_an_unplanned_run_restored_before_the_old_site_was_given_back_is_removed(
    plan: Plan, destroyed: list[str]
) -> None:
    """It grew old with the first order, and nobody carries on with it, also after a yes."""
    back = SiteReopened(site="eu-west-3.g1", reason="it lives", operator="ana@x")
    left(plan, YES, back)
    Reaper(plan, REGION).reap(1, silent)
    assert destroyed == [TARGET.name]


def test_nothing_is_removed_while_the_newest_journal_cannot_be_read(
    world: World, plan: Plan, destroyed: list[str]
) -> None:
    run = left(plan, YES)
    folder = RunsFolder(plan.root)
    folder.journal(run).write_text("{not a journal\n")
    with pytest.raises(ConfigurationError, match=f"journal of {run} is damaged") as refused:
        Reaper(plan, REGION).reap(1, silent)
    assert f"journal verify {run}" in refused.value.remedy
    give_up(world, plan)
    Reaper(plan, REGION).reap(1, silent)
    assert destroyed == [TARGET.name]


def test_who_asks_for_an_end_keeps_the_stacks_that_are_still_there(
    world: World, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first stack is under way when ``drkit abort`` comes from elsewhere."""
    gone: list[str] = []

    def note(_work: Destroying, name: str) -> tuple[int, str]:
        gone.append(name)
        return 1, ""

    monkeypatch.setattr(Destroying, "stack", note)
    [(name, stack)] = plan.stacks.items()
    two = replace(plan, stacks={name: stack, "network": replace(stack, name="network")})
    first, other = order_of_removal(two)
    work = Destroying(
        plan=two,
        target=TARGET,
        world=world,
        vault={},
        say=silent,
        asked_to_end=lambda: bool(gone),
    )
    reaped = work.all_of(())
    assert gone == [first]
    assert list(reaped.stays) == [other]
    assert "asked for an end" in reaped.stays[other]


def test_a_deployment_that_is_not_over_is_carried_on_by_the_command_that_it_takes(
    plan: Plan, destroyed: list[str]
) -> None:
    """It has no --new-generation."""
    left(plan, *ended(State.FAILED), kind=RunKind.DEPLOY)
    with pytest.raises(ConfigurationError, match="is not over") as refused:
        Reaper(plan, REGION).reap(1, silent)
    assert "`drkit deploy --region eu-central-1`" in refused.value.remedy
    assert "--new-generation" not in refused.value.remedy
    assert destroyed == []


def test_while_another_place_works_on_the_site_nothing_is_removed(
    world: World, plan: Plan, destroyed: list[str]
) -> None:
    place = Place(world, plan, "ana")
    with place.hold(), pytest.raises(RunBusy, match="ana@host works on"):
        Reaper(plan, REGION).reap(1, silent)
    assert destroyed == []
    Reaper(plan, REGION).reap(1, silent)
    assert destroyed == [TARGET.name]


def test_what_holds_nothing_and_what_is_no_site_is_said(plan: Plan) -> None:
    with pytest.raises(UsageError, match=r"eu-central-1\.g7 holds nothing"):
        Reaper(plan, REGION).reap(7, silent)
    with pytest.raises(UsageError, match="is no site"):
        Reaper(plan, "eu-west-9")


def test_a_state_that_cannot_be_read_is_not_nothing(world: World, plan: Plan) -> None:
    store = OutsideStore(world, plan)
    store.remove(f".pulumi/stacks/compute/{REGION}.g1.json")
    store.put(f".pulumi/stacks/compute/{REGION}.g1.json", b"{")
    [found] = Reaper(plan, REGION).found(1)
    assert "damaged" in found.remains[0].note


def test_the_command_lists_first_and_destroys_on_yes(plan: Plan, destroyed: list[str]) -> None:
    def run(*arguments: str) -> str:
        where = ["--plan", str(plan.root / "drkit.yaml")]
        result = CliRunner().invoke(cli, ["reap", REGION, *arguments, *where])
        return result.output if result.exception is None else repr(result.exception)

    listed = run()
    assert "`drkit reap eu-central-1 --generation 1 --yes` destroys all of it" in listed
    assert "nothing was touched" in run("--generation", "1")
    [found] = json.loads(run("--output", "json"))["generations"]
    assert found["stacks"][0]["project"] == "compute"
    assert "one is removed at a time" in run("--yes")
    assert destroyed == []
    assert "0 resources are gone" in run("--generation", "1", "--yes")
    assert destroyed == [TARGET.name]


def copies(world: World, plan: Plan) -> None:
    """Of validations: one that died, one that is looked at, one whose time is over."""
    now = datetime.now(UTC)
    for number, kept, expires in ((2, False, now + OLD), (3, True, now + OLD), (4, True, now)):
        target = replace(TARGET, generation=number)
        word = LeftGeneration(
            target=target,
            reason="a validation's",
            operator="ana@host",
            at=START,
            run=f"run-{number}",
            passing=Passing(expires=expires, kept=kept),
        )
        leave_generation(OutsideStore(world, plan), word)
        write_state(world, "compute", target.name, instances={"i-2": "m5.large"})


def test_what_validations_left_is_removed_at_once_and_nothing_else(
    world: World, plan: Plan, destroyed: list[str]
) -> None:
    copies(world, plan)
    place = ["reap", REGION, "--expired", "--plan", str(plan.root / "drkit.yaml")]
    listed = CliRunner().invoke(cli, place, standalone_mode=False)
    assert destroyed == []
    assert "g2" in listed.output
    assert "g1" not in listed.output
    assert "g3" not in listed.output
    CliRunner().invoke(cli, [*place, "--yes"], standalone_mode=False)
    assert destroyed == [f"{REGION}.g2", f"{REGION}.g4"]


def standing_where_customers_are(world: World) -> str:
    """What serves, with a host of its own; its name."""
    serving = replace(TARGET, region="eu-west-3")
    write_state(world, "compute", serving.name, instances={"i-3": "m5.large"})
    return serving.name


def test_without_a_region_every_site_is_listed_and_what_validations_left_goes(
    world: World, plan: Plan, destroyed: list[str]
) -> None:
    copies(world, plan)
    serving = standing_where_customers_are(world)
    place = ["reap", "--plan", str(plan.root / "drkit.yaml")]
    listed = CliRunner().invoke(cli, place, standalone_mode=False).output
    assert f"{TARGET.name}: " in listed
    assert f"{serving}: " in listed
    CliRunner().invoke(cli, [*place, "--expired", "--yes"], standalone_mode=False)
    assert destroyed == [f"{REGION}.g2", f"{REGION}.g4"]
    nameless = CliRunner().invoke(cli, [*place, "--generation", "1"], standalone_mode=False)
    assert isinstance(nameless.exception, UsageError)
    assert "of which site" in str(nameless.exception)


def test_a_site_that_is_worked_on_keeps_no_other_from_being_looked_at(
    world: World, plan: Plan, destroyed: list[str]
) -> None:
    copies(world, plan)
    serving = standing_where_customers_are(world)
    place = ["reap", "--plan", str(plan.root / "drkit.yaml")]
    with Place(world, plan, "ana").hold():
        listed = CliRunner().invoke(cli, place, standalone_mode=False)
        named = CliRunner().invoke(cli, [*place, REGION], standalone_mode=False)
        expired = CliRunner().invoke(cli, [*place, "--expired", "--yes"], standalone_mode=False)
    assert f"{serving}: " in listed.output
    assert "not looked at: ana@host works on" in listed.output
    assert (listed.return_value, expired.return_value) == (Exit.BUSY, Exit.BUSY)
    assert isinstance(named.exception, RunBusy)
    assert destroyed == []


def test_what_was_destroyed_is_told_whatever_came_after_it(
    world: World, plan: Plan, destroyed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    copies(world, plan)
    reap = Reaper.reap

    def breaks_off(self: Reaper, generation: int, *said: Any, **more: Any) -> Any:
        if generation == 4:
            raise ConfigurationError("the region is lost")
        return reap(self, generation, *said, **more)

    monkeypatch.setattr(Reaper, "reap", breaks_off)
    place = ["reap", "--expired", "--yes", "--plan", str(plan.root / "drkit.yaml")]
    told = CliRunner().invoke(cli, place, standalone_mode=False)
    assert f"{REGION}.g2: 0 resources are gone" in told.output
    assert isinstance(told.exception, ConfigurationError)
    assert destroyed == [f"{REGION}.g2"]


def test_what_may_not_be_removed_is_listed_with_what_to_do(world: World, plan: Plan) -> None:
    standing_where_customers_are(world)
    place = ["reap", "eu-west-3", "--plan", str(plan.root / "drkit.yaml")]
    listed = CliRunner().invoke(cli, place, standalone_mode=False).output
    assert "stays: eu-west-3.g1 serves" in listed
    assert "→ rebuild the shop in another region first" in listed


def test_temporary_files_of_who_died_go_with_the_copy(
    world: World, plan: Plan, destroyed: list[str]
) -> None:
    """Nobody carries on with a validation, so no later try would sweep them."""
    copies(world, plan)
    runs = RunsFolder(plan.root)
    scratch = {}
    for run in ("run-2", "run-3"):
        runs.folder(run).mkdir(parents=True)
        scratch[run] = make_scratch(runs.folder(run), "muzzle")
    for found in Reaper(plan, REGION).expired():
        Reaper(plan, REGION).reap(found.target.generation, silent)
    assert {run: folder.exists() for run, folder in scratch.items()} == {
        "run-2": False,
        "run-3": True,
    }
    sweep_all(runs.folder("run-3"))


def test_what_is_still_tagged_of_a_removed_copy_is_named(
    world: World, plan: Plan, destroyed: list[str]
) -> None:
    copies(world, plan)
    ec2 = client(world, "ec2", REGION)
    leaked = ec2.create_vpc(CidrBlock="10.70.0.0/16")["Vpc"]["VpcId"]
    tags = {"shop": plan.shop, "site": REGION, "generation": "2", "kind": "validation"}
    ec2.create_tags(Resources=[leaked], Tags=[{"Key": k, "Value": v} for k, v in tags.items()])
    reaped = Reaper(plan, REGION).reap(2, silent)
    assert isinstance(reaped, Reaped)
    assert destroyed == [f"{REGION}.g2"]
    assert [arn.rpartition("/")[2] for arn in reaped.stays] == [leaked]
    whole = Reaped(target=replace(TARGET, generation=4), removed={}, stays={})
    assert Reaper(plan, REGION).reap(4, silent) == whole


def test_one_generation_or_what_is_expired_but_not_both(plan: Plan) -> None:
    place = ["reap", REGION, "--expired", "--generation", "2"]
    place += ["--plan", str(plan.root / "drkit.yaml")]
    done = CliRunner().invoke(cli, place, standalone_mode=False)
    assert isinstance(done.exception, UsageError)


def test_without_an_epoch_nothing_is_removed_for_any_of_it_may_serve(
    world: World, plan: Plan, destroyed: list[str]
) -> None:
    OutsideStore(world, plan).remove(KEY)
    for region in (REGION, "eu-west-3"):
        with pytest.raises(ConfigurationError, match="who serves is not known") as refused:
            Reaper(plan, region).reap(1, silent)
        assert "bring back its last version" in refused.value.remedy
    assert destroyed == []
