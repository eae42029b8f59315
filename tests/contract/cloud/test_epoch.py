"""The epoch: raised once, by one run; and never taken for "nobody" when it cannot be read."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from drkit.adapters.cloud import client
from drkit.adapters.epoch import EpochTool, read_epoch, write_first_epoch
from drkit.adapters.held import journal_place, segment
from drkit.adapters.journal_file import JournalFile
from drkit.adapters.outside_store import OutsideStore
from drkit.errors import ConfigurationError, EffectUnknown, StepError
from drkit.model.place_record import SiteReopened
from drkit.model.plan import Plan
from drkit.model.record import Body, RunTakenOver, Target
from drkit.model.step import EpochWork
from drkit.ports import World
from tests.contract.cloud.values import context_in, silent
from tests.fakes.clock import START

TOOL = EpochTool(EpochWork())
pytestmark = pytest.mark.usefixtures("zone")


def test_before_anything_nobody_serves(world: World, plan: Plan) -> None:
    found = read_epoch(world, plan)
    assert (found.number, found.serving, found.opened) == (0, None, ())


def test_the_first_epoch_is_written_once(world: World, plan: Plan) -> None:
    assert write_first_epoch(world, plan)
    assert not write_first_epoch(world, plan)
    assert read_epoch(world, plan).serving is None


def test_an_epoch_that_is_raised_says_who_serves(world: World, plan: Plan) -> None:
    write_first_epoch(world, plan)
    outcome = TOOL.do(context_in(world, plan), silent)
    assert (outcome.changed, outcome.facts["epoch"]) == (1, 1)
    found = read_epoch(world, plan)
    assert found.serving == Target(shop="corner", region="eu-central-1", generation=1)
    assert found.opened == ("eu-central-1.g1",)


def test_raising_it_again_in_the_same_run_changes_nothing(world: World, plan: Plan) -> None:
    write_first_epoch(world, plan)
    context = context_in(world, plan)
    assert TOOL.look(context) is None
    TOOL.do(context, silent)
    looked, again = TOOL.look(context), TOOL.do(context, silent)
    assert looked is not None
    assert (looked.changed, again.changed) == (0, 0)
    assert read_epoch(world, plan).number == 1


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (SiteReopened(site="eu-west-3.g1", reason="slow", operator="bo@x"), "was given back"),
        (RunTakenOver(operator="bo@x", reason="ana is gone", before="ana@y"), "bo@x took run-1"),
    ],
)
def test_a_run_that_was_ended_or_taken_elsewhere_does_not_raise_it(
    world: World, plan: Plan, body: Body, said: str
) -> None:
    """Whoever goes on without knowing would send customers to what has grown old."""
    write_first_epoch(world, plan)
    context = context_in(world, plan)
    path = plan.root / "elsewhere.jsonl"
    with JournalFile(path, now=lambda: START) as journal:
        journal.append(body)
    OutsideStore(world, plan).put(
        segment(journal_place("eu-central-1", context.run), 0), path.read_bytes()
    )
    with pytest.raises(StepError, match=said):
        TOOL.do(context, silent)
    assert read_epoch(world, plan).serving is None


def test_a_takeover_that_the_run_knows_of_is_none_against_it(world: World, plan: Plan) -> None:
    write_first_epoch(world, plan)
    context = context_in(world, plan, lost=("y",))
    path = plan.root / "elsewhere.jsonl"
    with JournalFile(path, now=lambda: START) as journal:
        journal.append(RunTakenOver(operator="bo@x", reason="ana is gone", before="ana@y"))
    OutsideStore(world, plan).put(
        segment(journal_place("eu-central-1", context.run), 0), path.read_bytes()
    )
    assert TOOL.do(context, silent).changed == 1


def test_a_journal_that_cannot_be_read_is_not_taken_for_a_silent_one(
    world: World, plan: Plan
) -> None:
    write_first_epoch(world, plan)
    context = context_in(world, plan)
    OutsideStore(world, plan).put(segment(journal_place("eu-central-1", context.run), 0), b"{\n")
    with pytest.raises(EffectUnknown, match="cannot be read"):
        TOOL.do(context, silent)


def test_an_epoch_that_is_not_there_is_not_raised(world: World, plan: Plan) -> None:
    with pytest.raises(StepError, match="who serves is not known") as refused:
        TOOL.do(context_in(world, plan), silent)
    assert "drkit prepare" in refused.value.remedy
    assert read_epoch(world, plan).document == {}


def test_all_that_were_ever_opened_are_remembered(world: World, plan: Plan) -> None:
    write_first_epoch(world, plan)
    TOOL.do(context_in(world, plan), silent)
    second = Target(shop="corner", region="eu-west-3", generation=2)
    TOOL.do(context_in(world, plan, run="run-2", target=second, epoch=2), silent)
    found = read_epoch(world, plan)
    assert found.serving == second
    assert found.opened == ("eu-central-1.g1", "eu-west-3.g2")


def test_a_run_that_was_overtaken_is_refused(world: World, plan: Plan) -> None:
    write_first_epoch(world, plan)
    TOOL.do(context_in(world, plan), silent)
    with pytest.raises(StepError, match="set by the run run-1") as refused:
        TOOL.do(context_in(world, plan, run="run-2"), silent)
    assert "new run" in refused.value.remedy


def test_of_many_at_once_exactly_one_wins(world: World, plan: Plan) -> None:
    write_first_epoch(world, plan)

    def raised(number: int) -> bool:
        try:
            TOOL.do(context_in(world, plan, run=f"run-{number}"), silent)
        except (EffectUnknown, StepError):
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(raised, range(6))) == 1
    assert read_epoch(world, plan).number == 1


def test_an_epoch_that_cannot_be_read_is_an_error_and_never_nobody(
    lost: World, world: World, plan: Plan
) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_epoch(lost, plan)
    client(world, "s3", "eu-north-1").delete_bucket(Bucket="corner-dr")
    with pytest.raises(ConfigurationError, match="NoSuchBucket"):
        read_epoch(world, plan)


@pytest.mark.parametrize("body", ["", "{", "[]", "{}", '{"number": 1}'])
def test_an_object_that_is_no_epoch_is_an_error(world: World, plan: Plan, body: str) -> None:
    s3 = client(world, "s3", "eu-north-1")
    s3.put_object(Bucket="corner-dr", Key="epoch.json", Body=body.encode())
    with pytest.raises(ConfigurationError, match="is no epoch"):
        read_epoch(world, plan)


def test_an_epoch_that_could_not_be_written_is_unknown(lost: World, plan: Plan) -> None:
    with pytest.raises(EffectUnknown):
        write_first_epoch(lost, plan)


def test_a_lost_epoch_is_not_begun_anew_by_who_prepares(world: World, plan: Plan) -> None:
    s3 = client(world, "s3", "eu-north-1")
    kept = {"Status": "Enabled"}
    s3.put_bucket_versioning(Bucket="corner-dr", VersioningConfiguration=kept)
    assert write_first_epoch(world, plan)
    assert not write_first_epoch(world, plan)
    s3.delete_object(Bucket="corner-dr", Key="epoch.json")
    with pytest.raises(ConfigurationError, match="who serves is not known") as refused:
        write_first_epoch(world, plan)
    assert "bring back its last version" in refused.value.remedy
    assert read_epoch(world, plan).document == {}


def test_a_cutover_that_could_not_be_finished_does_not_fence_the_old_site(
    world: World, plan: Plan
) -> None:
    """A bucket that is not there stands for one that says no."""
    write_first_epoch(world, plan)
    outside = replace(plan.outside, backups="corner-none")
    context = context_in(world, replace(plan, outside=outside))
    with pytest.raises(StepError, match="corner-none does not answer") as refused:
        TOOL.do(context, silent)
    assert "as it was" in refused.value.remedy
    assert read_epoch(world, plan).number == 0
