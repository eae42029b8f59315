"""Keys in the folder of a run go once nobody needs them from there, and not before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from drkit.adapters.left_generations import LeftGeneration, Passing, leave_generation
from drkit.adapters.outside_store import OutsideStore
from drkit.adapters.run_keys import drop_keys
from drkit.adapters.runs_folder import RunsFolder
from drkit.errors import ConfigurationError
from drkit.model.outcome import State
from drkit.model.place_record import CopyRemoved, SiteReopened
from drkit.model.plan import Plan
from drkit.model.record import Body, GateAnswered, PlanChanged, RunEnded, StepPlanned, Target
from drkit.model.step import RunKind, RunMode
from drkit.ports import World
from drkit.reaping import Reaper
from tests.contract.cloud.opened import Write, served_by
from tests.contract.cloud.states import write_state
from tests.contract.cloud.test_carrying_on import ended, left
from tests.fakes.clock import START

REGION = "eu-central-1"
TARGET = Target(shop="corner", region=REGION, generation=1)
KEYS = {"ssh_key", "proof.key", "serving/ssh_key", "serving/proof.key"}
KEPT = {"ssh_config", "proof.crt", "serving/known_hosts"}
LATER = timedelta(hours=2)
FINISHED = RunEnded(stand="finished")
REMOVED = CopyRemoved(generation=TARGET.name, removed={}, stays={}, elapsed=timedelta(0))
BACK = SiteReopened(site="eu-west-3.g1", reason="too slow", operator="ana@x")
NO = GateAnswered(
    step="consent", person="ana", role="lead", consent=False, comment="", signed=False
)


def raises_epoch(plan: Plan) -> PlanChanged:
    """From here on the run has a step that raises the epoch, as a rebuild has."""
    step = StepPlanned(
        id="cutover.epoch", kind="epoch", needs=(), owner="sre", budget=None, processes=()
    )
    return PlanChanged(
        changes=(),
        plan=plan.source,
        steps=(step,),
        again=(),
        kept=(),
        dropped=(),
        reason="x",
        operator="ana@x",
    )


@pytest.fixture
def plan(shop: Write, world: World) -> Plan:
    plan = shop()
    served_by(world, plan, "eu-west-3")
    return plan


def ran(plan: Plan, *bodies: Body, **more: Any) -> Path:
    """The folder of a run that came so far, with keys in it."""
    folder = RunsFolder(plan.root).folder(left(plan, *bodies, **more))
    (folder / "serving").mkdir()
    for name in KEYS | KEPT:
        (folder / name).write_text("x")
    return folder


def keys_after(world: World, plan: Plan, folder: Path, *, ahead: timedelta = timedelta(0)) -> bool:
    """Whether the keys are there still, when a command on the site has ended."""
    store, now = OutsideStore(world, plan), datetime.now(UTC) + ahead
    drop_keys(RunsFolder(plan.root), REGION, store, now)
    there = {str(path.relative_to(folder)) for path in folder.rglob("*")}
    assert there >= KEPT, "only keys go"
    assert there & KEYS in (KEYS, set())
    return bool(there & KEYS)


def word(world: World, plan: Plan, *, kept: bool | None = None) -> None:
    """That the generation was left; or that a validation built it, and keeps it or not."""
    passing = None if kept is None else Passing(expires=datetime.now(UTC) + LATER / 2, kept=kept)
    mark = LeftGeneration(
        target=TARGET, reason="x", operator="ana@x", at=START, run="r", passing=passing
    )
    leave_generation(OutsideStore(world, plan), mark)


def test_of_a_run_that_sent_customers_over_and_is_over_they_go(world: World, plan: Plan) -> None:
    done = ended(State.DONE, "cutover.epoch")
    assert keys_after(world, plan, ran(plan, raises_epoch(plan), *done, FINISHED)) is False


NEEDED: Mapping[str, tuple[Body, ...]] = {
    "it was interrupted": (RunEnded(stand="interrupted"),),
    "it waits": (RunEnded(stand="waits"),),
    "a step failed": (*ended(State.FAILED), FINISHED),
    "a step is unknown": (*ended(State.UNKNOWN), FINISHED),
    "another run builds upon it": (*ended(State.DONE), FINISHED),
    "another run builds upon it after a no": (*ended(State.DONE), NO, FINISHED),
}


@pytest.mark.parametrize("how", NEEDED)
def test_what_may_be_carried_on_or_built_upon_keeps_them(
    world: World, plan: Plan, how: str
) -> None:
    assert keys_after(world, plan, ran(plan, *NEEDED[how])) is True


def test_a_run_in_whose_place_another_was_begun_keeps_none(world: World, plan: Plan) -> None:
    older = ran(plan, *ended(State.FAILED), FINISHED, ago=LATER)
    newer = ran(plan, *ended(State.FAILED), FINISHED)
    assert (keys_after(world, plan, older), keys_after(world, plan, newer)) == (False, True)


def test_a_standby_keeps_them_until_it_is_left_or_reaped(world: World, plan: Plan) -> None:
    folder = ran(plan, *ended(State.DONE), FINISHED, kind=RunKind.STANDBY)
    assert keys_after(world, plan, folder) is True
    word(world, plan)
    assert keys_after(world, plan, folder) is False


def test_the_copy_of_a_validation_is_looked_around_in_for_as_long_as_it_is_kept(
    world: World, plan: Plan
) -> None:
    folder = ran(plan, *ended(State.DONE), FINISHED, kind=RunKind.VALIDATE)
    word(world, plan, kept=True)
    assert keys_after(world, plan, folder) is True
    assert keys_after(world, plan, folder, ahead=LATER) is False


@pytest.mark.parametrize("end", [(REMOVED, FINISHED), (FINISHED,), ()])
def test_of_a_validation_whose_copy_is_gone_they_go(
    world: World, plan: Plan, end: tuple[Body, ...]
) -> None:
    """By its own word, or because nothing is said of it outside any more: it may have died."""
    folder = ran(plan, *ended(State.DONE), *end, kind=RunKind.VALIDATE)
    assert keys_after(world, plan, folder) is False


def test_a_move_that_was_given_back_is_carried_on_by_nobody(world: World, plan: Plan) -> None:
    closed = (*ended(State.DONE, "quiesce"), BACK)
    folder = ran(plan, *closed, mode=RunMode.PLANNED)
    assert keys_after(world, plan, folder) is True, "the next move builds upon it"
    word(world, plan)
    assert keys_after(world, plan, folder) is False


def test_runs_of_another_site_and_what_cannot_be_read_are_left_as_they_are(
    world: World, plan: Plan
) -> None:
    done = ended(State.DONE, "cutover.epoch")
    folder = ran(plan, raises_epoch(plan), *done, FINISHED)
    store = OutsideStore(world, plan)
    drop_keys(RunsFolder(plan.root), "eu-west-3", store, datetime.now(UTC))
    assert (folder / "ssh_key").exists(), "somebody may be at work there"
    (folder / "journal.jsonl").write_text("{not a journal\n")
    assert keys_after(world, plan, folder) is True


def test_an_outside_that_does_not_answer_ends_no_run(
    world: World, plan: Plan, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*_: object) -> None:
        raise ConfigurationError("the bucket does not answer")

    folder = ran(plan, raises_epoch(plan), *ended(State.DONE, "cutover.epoch"), FINISHED)
    monkeypatch.setattr(OutsideStore, "names", away)
    assert keys_after(world, plan, folder) is True
    assert "the bucket does not answer" in caplog.text


def test_they_go_with_the_generation_that_is_reaped(
    world: World, plan: Plan, destroyed: list[str]
) -> None:
    (plan.root / "stacks" / "compute" / "Pulumi.yaml").write_text("name: compute\n")
    write_state(world, "compute", TARGET.name, instances={"i-1": "m5.large"})
    folder = ran(plan, *ended(State.DONE), FINISHED, kind=RunKind.STANDBY)
    Reaper(plan, REGION).reap(1, lambda _: None)
    assert destroyed == [TARGET.name]
    assert not (folder / "ssh_key").exists()
