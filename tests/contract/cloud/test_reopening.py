"""Giving the old site back: its word is on record first, and nobody cuts over meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from drkit import tending
from drkit.adapters.journal_copies import records_outside, segments_outside
from drkit.adapters.journal_verify import check_segments
from drkit.adapters.outside_store import OutsideStore
from drkit.adapters.owner import Owner
from drkit.adapters.runs_folder import RunsFolder
from drkit.adapters.serving_site import QuiesceTool
from drkit.afar import Afar, standing
from drkit.compose import look_around
from drkit.errors import ConfigurationError, DrkitError, RunBusy, StepError, UsageError
from drkit.holding import hold_outside, hold_site, look_outside
from drkit.model.outcome import Outcome, State
from drkit.model.place_record import SiteReopened, SiteServed
from drkit.model.plan import Plan
from drkit.model.record import PlanChanged, Record, RunEnded, StepPlanned
from drkit.model.step import QuiesceWork, RunKind, RunMode
from drkit.model.wish import Wish
from drkit.ports import Context, World
from drkit.reopening import reopen
from drkit.reporting.moving import move_of
from tests.contract.cloud.opened import Write, served_by
from tests.contract.cloud.test_carrying_on import carried_on, ended, left
from tests.contract.cloud.values import context_in, silent

CLOSED = ended(State.DONE, "quiesce")


def given_back(plan: Plan, reason: str = "too slow") -> None:
    reopen(plan, reason=reason, say=silent, log=plan.root / "reopen.log")


def closed(shop: Write, world: World) -> tuple[Plan, str]:
    """A move that has closed the old site and waits for a person."""
    plan = shop()
    served_by(world, plan, "eu-west-3")
    return plan, left(plan, *CLOSED, RunEnded(stand="waits"), mode=RunMode.PLANNED)


def words(plan: Plan, run: str) -> list[SiteReopened]:
    records = RunsFolder(plan.root).records(run)
    return [record.body for record in records if isinstance(record.body, SiteReopened)]


class Hosts:
    """The hosts of the old site, in place of Ansible: ``ends`` is what opening them comes to."""

    def __init__(self, plan: Plan, run: str) -> None:
        self.ends = Outcome(state=State.DONE)
        self.asked: list[tuple[Record, ...]] = []
        """What was outside of the move's journal each time."""
        self._plan, self._run = plan, run

    def tried(self, _work: object, context: Context, **_: object) -> Outcome:
        store = OutsideStore(context.world, self._plan)
        self.asked.append(records_outside(store, "eu-central-1", self._run))
        return self.ends


@pytest.fixture
def hosts(monkeypatch: pytest.MonkeyPatch, world: World) -> Callable[[Plan, str], Hosts]:
    """The old site can be reached, and its hosts are these."""

    def known(plan: Plan, _epoch: int, **parts: Any) -> Context:
        return context_in(world, plan, target=parts["target"], log=parts["log"])

    def made(plan: Plan, run: str) -> Hosts:
        found = Hosts(plan, run)
        monkeypatch.setattr(tending, "_context", known)
        monkeypatch.setattr(tending, "tried", found.tried)
        return found

    return made


Reach = Callable[[Plan, str], Hosts]


def standing_of(plan: Plan, run: str) -> str:
    return standing(Afar(plan).known(run))


def test_what_is_wrong_on_this_machine_touches_nothing(shop: Write, world: World) -> None:
    """Nothing is known of the hosts in this cloud: no word is written, and the move goes on."""
    plan, run = closed(shop, world)
    with pytest.raises(ConfigurationError):
        given_back(plan)
    assert words(plan, run) == []
    assert carried_on(plan) == run


def test_the_word_is_outside_before_a_host_is_opened_and_a_second_one_says_that_it_serves(
    shop: Write, world: World, hosts: Reach
) -> None:
    plan, run = closed(shop, world)
    opened = hosts(plan, run)
    opened.ends = Outcome(state=State.FAILED, message="db-1 does not answer")
    with pytest.raises(StepError, match="was not given back") as half_way:
        given_back(plan)
    assert "the move that closed it is over" in half_way.value.remedy
    [word] = words(plan, run)
    assert (word.site, word.reason) == ("eu-west-3.g1", "too slow")
    assert word.key == Owner(plan.root).key
    assert carried_on(plan) is None
    assert standing_of(plan, run) == "is being given back: run `drkit reopen` again"
    opened.ends = Outcome(state=State.DONE)
    given_back(plan)
    assert words(plan, run) == [word], "the first was enough"
    assert standing_of(plan, run) == "given back"
    assert all(outside[-1].body == word for outside in opened.asked)
    assert len(opened.asked) == 2


def test_no_host_is_opened_while_nobody_else_can_know_of_it(
    shop: Write, world: World, hosts: Reach, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, run = closed(shop, world)
    opened, put = hosts(plan, run), OutsideStore.put

    def full(store: OutsideStore, key: str, body: bytes, **more: Any) -> str | None:
        if key.startswith("journals/"):
            raise ConfigurationError("the bucket takes nothing")
        return put(store, key, body, **more)

    monkeypatch.setattr(OutsideStore, "put", full)
    with pytest.raises(StepError, match="the bucket takes nothing"):
        given_back(plan)
    assert opened.asked == []


def test_the_word_is_signed_by_whoever_gives_back_also_where_another_place_had_the_move(
    shop: Write, world: World, hosts: Reach
) -> None:
    plan, run = closed(shop, world)
    hosts(plan, run)
    given_back(plan)
    store = OutsideStore(world, plan)
    segments = segments_outside(store, "eu-central-1", run)
    seen = check_segments(segments, run, "outside")
    assert seen.unsigned == 0
    *_, word, last = records_outside(store, "eu-central-1", run)
    assert word.body == words(plan, run)[0]
    assert isinstance(last.body, SiteServed)


def test_a_move_whose_cutover_has_not_raised_the_epoch_is_broken_off_too(
    shop: Write, world: World, hosts: Reach
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
    assert move_of(RunsFolder(plan.root).records(run)).sent_on is not None  # type: ignore[union-attr]
    assert carried_on(plan) == run
    hosts(plan, run)
    given_back(plan)
    assert len(words(plan, run)) == 1
    assert carried_on(plan) is None


def test_a_run_that_was_begun_after_the_move_is_over_with_it_too(
    shop: Write, world: World, hosts: Reach
) -> None:
    """Nothing serves while it builds, so time and probes are not against it: the word is."""
    plan = shop()
    served_by(world, plan, "eu-west-3")
    left(plan, *CLOSED, RunEnded(stand="waits"), mode=RunMode.PLANNED, ago=timedelta(minutes=9))
    run = left(plan, *ended(State.FAILED), RunEnded(stand="finished"))
    assert carried_on(plan) == run
    hosts(plan, run).ends = Outcome(state=State.FAILED, message="db-1 does not answer")
    with pytest.raises(StepError):
        given_back(plan)
    assert len(words(plan, run)) == 1
    assert carried_on(plan) is None
    hosts(plan, run)
    given_back(plan)
    assert standing_of(plan, run) == "given back"


def test_a_run_that_is_over_is_told_nothing(shop: Write, world: World, hosts: Reach) -> None:
    plan = shop()
    served_by(world, plan, "eu-west-3")
    run = left(plan, *ended(State.DONE), RunEnded(stand="finished"))
    hosts(plan, run)
    given_back(plan)
    assert words(plan, run) == []


def test_a_run_that_closed_nothing_is_left_as_it_is(
    shop: Write, world: World, hosts: Reach
) -> None:
    plan = shop()
    served_by(world, plan, "eu-west-3")
    run = left(plan, *ended(State.DONE), mode=RunMode.PLANNED)
    hosts(plan, run)
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
