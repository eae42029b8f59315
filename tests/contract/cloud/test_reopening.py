"""Giving the old site back: its word is on record first, and nobody cuts over meanwhile."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from drkit import reopening
from drkit.adapters import held as held_module
from drkit.adapters.journal_copies import records_outside, segments_outside
from drkit.adapters.journal_verify import check_segments
from drkit.adapters.outside_store import OutsideStore
from drkit.adapters.owner import Owner
from drkit.adapters.runs_folder import RunsFolder
from drkit.adapters.serving_site import QuiesceTool
from drkit.compose import look_around
from drkit.errors import DrkitError, RunBusy, StepError, UsageError
from drkit.holding import hold_outside, hold_site, look_outside
from drkit.model.outcome import Outcome, State
from drkit.model.place_record import SiteReopened
from drkit.model.plan import Plan
from drkit.model.record import PlanChanged, RunEnded, StepPlanned
from drkit.model.step import QuiesceWork, RunKind, RunMode
from drkit.model.wish import Wish
from drkit.ports import World
from drkit.reopening import reopen
from tests.contract.cloud.opened import Write, served_by
from tests.contract.cloud.test_carrying_on import carried_on, ended, left
from tests.contract.cloud.values import context_in, silent

CLOSED = ended(State.DONE, "quiesce")


def given_back(plan: Plan, reason: str = "too slow") -> None:
    reopen(plan, reason=reason, say=silent, log=plan.root / "reopen.log")


def words(plan: Plan, run: str) -> list[SiteReopened]:
    records = RunsFolder(plan.root).records(run)
    return [record.body for record in records if isinstance(record.body, SiteReopened)]


def test_the_word_is_on_record_before_a_host_is_looked_for(shop: Write, world: World) -> None:
    """There are no hosts in this cloud: it dies half-way, and the move is over all the same, so
    nobody is told that nothing was touched."""
    plan = shop()
    served_by(world, plan, "eu-west-3")
    run = left(plan, *CLOSED, RunEnded(stand="waits"), mode=RunMode.PLANNED)
    with pytest.raises(StepError, match="was not given back") as half_way:
        given_back(plan)
    assert "the move that closed it is over" in half_way.value.remedy
    [word] = words(plan, run)
    assert (word.site, word.reason) == ("eu-west-3.g1", "too slow")
    assert word.key == Owner(plan.root).key
    assert carried_on(plan) is None


def test_the_word_is_signed_by_whoever_gives_back_also_where_another_place_had_the_move(
    shop: Write, world: World
) -> None:
    plan = shop()
    served_by(world, plan, "eu-west-3")
    run = left(plan, *CLOSED, RunEnded(stand="waits"), mode=RunMode.PLANNED)
    with pytest.raises(DrkitError):
        given_back(plan)
    store = OutsideStore(world, plan)
    segments = segments_outside(store, "eu-central-1", run)
    seen = check_segments(segments, run, "outside")
    assert seen.unsigned == 0
    last = records_outside(store, "eu-central-1", run)[-1]
    assert last.body == words(plan, run)[0]


def test_a_move_whose_cutover_has_not_raised_the_epoch_is_broken_off_too(
    shop: Write, world: World
) -> None:
    """Its consent is on record: carried on with, it would send customers to what has grown old."""
    plan = shop()
    served_by(world, plan, "eu-west-3")
    cut = StepPlanned(
        id="cutover.epoch", kind="epoch", needs=(), owner="sre", budget=None, processes=()
    )
    changed = PlanChanged(
        changes=(),
        plan=plan.source,
        steps=(cut,),
        again=(),
        kept=(),
        dropped=(),
        reason="x",
        operator="ana@x",
    )
    tried = ended(State.FAILED, "cutover.epoch")
    run = left(plan, changed, *CLOSED, *tried, mode=RunMode.PLANNED)
    assert RunsFolder(plan.root).move(run).sent_on is not None  # type: ignore[union-attr]
    assert carried_on(plan) == run
    with pytest.raises(DrkitError):
        given_back(plan)
    assert len(words(plan, run)) == 1
    assert carried_on(plan) is None


def test_the_word_is_outside_before_the_first_host_is_opened(
    shop: Write, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else another machine carries the move on whose customers order again, if this one dies."""
    plan = shop()
    served_by(world, plan, "eu-west-3")
    run = left(plan, *CLOSED, RunEnded(stand="waits"), mode=RunMode.PLANNED)
    monkeypatch.setattr(held_module, "_GATHER", timedelta(minutes=1))
    seen: list[object] = []

    def opens(*_: object, **__: object) -> Outcome:
        records = records_outside(OutsideStore(world, plan), "eu-central-1", run)
        seen.append(records[-1].body if records else None)
        return Outcome(state=State.DONE)

    monkeypatch.setattr(reopening, "tend", opens)
    given_back(plan)
    assert seen == words(plan, run)


def test_a_run_that_closed_nothing_is_left_as_it_is(shop: Write, world: World) -> None:
    plan = shop()
    served_by(world, plan, "eu-west-3")
    run = left(plan, *ended(State.DONE), mode=RunMode.PLANNED)
    with pytest.raises(DrkitError):
        given_back(plan)
    assert words(plan, run) == []


def test_nothing_is_given_back_while_somebody_works_on_another_site(
    shop: Write, world: World
) -> None:
    """Here that is this very process, as a command that carries the move on would hold it."""
    plan = shop()
    served_by(world, plan, "eu-west-3")
    run = left(plan, *CLOSED, mode=RunMode.PLANNED)
    wish = Wish(plan=plan, kind=RunKind.REBUILD, region="eu-central-1")
    with hold_site(wish), pytest.raises(RunBusy):
        given_back(plan)
    free = look_outside(look_around(wish))
    assert free is not None
    elsewhere = replace(free, root=Path("/elsewhere"))
    with hold_outside(elsewhere), pytest.raises(RunBusy):
        given_back(plan)
    assert words(plan, run) == []


def test_it_needs_a_reason_and_a_site_that_serves(shop: Write, world: World) -> None:
    plan = shop()
    with pytest.raises(UsageError, match="--reason"):
        given_back(plan, reason=" ")
    with pytest.raises(DrkitError, match="no site of this shop serves yet"):
        given_back(plan)


def test_where_no_site_serves_there_is_none_to_close(plan: Plan, world: World) -> None:
    tool, context = QuiesceTool(QuiesceWork(playbook="quiesce")), context_in(world, plan)
    with pytest.raises(StepError, match="no site serves"):
        tool.do(replace(context, serving=None), silent)
    assert tool.look(context) is None
