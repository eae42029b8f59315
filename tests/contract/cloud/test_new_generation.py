"""What nobody can repair in time is left behind: the next generation is built, and nobody builds on
the old one again, whoever comes and whenever whoever left it died.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from drkit.adapters.epoch import read_epoch
from drkit.adapters.generations import choose_generation
from drkit.adapters.left_generations import leave_generation, left_generations
from drkit.adapters.outside_store import OutsideStore
from drkit.adapters.pulumi_outputs import NOTHING
from drkit.adapters.runs_folder import RunsFolder
from drkit.afar import Afar, standing
from drkit.api import Silent
from drkit.carrying import ANOTHER_GENERATION
from drkit.compose import Means, Opened, look_around, open_parts
from drkit.errors import ConfigurationError, UsageError
from drkit.first_records import Agreed, begin
from drkit.holding import hold_outside, look_outside
from drkit.leaving import leave_behind
from drkit.model.outcome import State
from drkit.model.plan import Plan
from drkit.model.record import GenerationLeft, Record, RunEnded
from drkit.model.step import RunKind
from drkit.model.wish import Wish
from drkit.planning.graph import build_graph
from drkit.ports import World
from drkit.verifying import verify
from tests.contract.cloud.opened import Write, places, rebuild, served_by
from tests.contract.cloud.test_carrying_on import ended, left
from tests.contract.cloud.test_cutover_tools import built
from tests.fakes.clock import START

REGION = "eu-central-1"
WHY = "the state of the network is lost"


@dataclass
class Wedged:
    """A rebuild whose stack nobody could repair: it is not over, and generation 1 is half built."""

    plan: Plan
    world: World
    run: str

    @property
    def store(self) -> OutsideStore:
        return OutsideStore(self.world, self.plan)

    def opened(self, reason: str = WHY, **more: Any) -> Opened:
        return rebuild(self.plan, new_generation=True, reason=reason, **more)

    def begin(self, opened: Opened, *, dies: bool = False) -> str:
        """Begin the run that was opened; ``dies``: before it has recorded anything of its own."""
        free = look_outside(look_around(opened.wish))
        assert free is not None
        agreed = Agreed(
            removal=None, graph=build_graph(self.plan, RunKind.REBUILD), accepted=(), skip={}
        )
        with hold_outside(free) as held:
            parts = open_parts(opened, Means(prepared=NOTHING, problems=()), held)
            leave_behind(opened, parts, held)
            if not dies:
                with parts.journal:
                    begin(opened, parts, agreed, Silent())
        return parts.run

    def due(self) -> int:
        return choose_generation(self.world, self.plan, REGION, read_epoch(self.world, self.plan))

    def records(self, run: str) -> tuple[Record, ...]:
        return RunsFolder(self.plan.root).records(run)

    def left(self, run: str) -> list[GenerationLeft]:
        """What the journal of a run says of it."""
        bodies = [record.body for record in self.records(run)]
        return [body for body in bodies if isinstance(body, GenerationLeft)]


@pytest.fixture
def wedged(shop: Write, world: World) -> Wedged:
    plan = shop()
    served_by(world, plan, "eu-west-3")
    built(world, f"{REGION}.g1")
    return Wedged(plan, world, left(plan, *ended(State.FAILED), RunEnded(stand="finished")))


def test_the_unfinished_run_is_left_and_the_next_generation_is_built(wedged: Wedged) -> None:
    opened = wedged.opened()
    assert opened.unfinished is None
    assert opened.target.name == f"{REGION}.g2"
    assert opened.behind is not None
    assert (opened.behind.target.name, opened.behind.run) == (f"{REGION}.g1", wedged.run)
    assert opened.left is not None
    assert opened.left.why == f"{REGION}.g1 is left behind ({WHY})"
    same = rebuild(wedged.plan)
    assert same.unfinished is not None, "who does not ask for it carries on"
    assert (same.target.name, same.behind) == (f"{REGION}.g1", None)


def test_it_is_on_record_outside_and_in_both_runs(wedged: Wedged) -> None:
    run = wedged.begin(wedged.opened())
    [kept] = left_generations(wedged.store, REGION).values()
    assert (kept.target.generation, kept.reason, kept.run) == (1, WHY, wedged.run)
    [old], [new] = wedged.left(wedged.run), wedged.left(run)
    assert old == new
    assert (old.generation, old.next) == (f"{REGION}.g1", f"{REGION}.g2")
    assert (old.built_by, old.run, old.reason) == (wedged.run, run, WHY)


def test_the_run_that_is_left_is_over_and_everybody_is_told(wedged: Wedged) -> None:
    wedged.begin(wedged.opened())
    afar = Afar(wedged.plan)
    assert standing(afar.known(wedged.run)) == "left behind"
    assert len(afar.known(wedged.run).records) == len(wedged.records(wedged.run)), "outside as well"
    with pytest.raises(UsageError, match="cannot be carried on"):
        rebuild(wedged.plan, resumes=wedged.run)


def test_the_journal_that_is_ended_by_another_place_is_signed_by_it(wedged: Wedged) -> None:
    wedged.begin(wedged.opened())
    found = verify(wedged.plan, wedged.run)
    assert not found.damage
    hand = found.hands[-1]
    assert hand.first == len(wedged.records(wedged.run)) - 1


def test_the_same_command_again_carries_on_and_leaves_nothing_more(wedged: Wedged) -> None:
    run = wedged.begin(wedged.opened())
    for _ in ("before its first stack", "after it"):
        again = wedged.opened()
        assert again.unfinished is not None
        assert (again.unfinished.run, again.target.generation) == (run, 2)
        assert wedged.due() == 2
        built(wedged.world, f"{REGION}.g2")


def test_another_reason_leaves_the_next_one_too(wedged: Wedged) -> None:
    second = wedged.begin(wedged.opened())
    opened = wedged.opened("the next is stuck as well")
    assert opened.target.generation == 3
    wedged.begin(opened)
    assert sorted(left_generations(wedged.store, REGION)) == [1, 2]
    assert [gone.generation for gone in wedged.left(second)] == [f"{REGION}.g1", f"{REGION}.g2"]


def test_a_reason_for_something_else_leaves_no_second_one_by_itself(wedged: Wedged) -> None:
    """The same command again, with a --reason that an --accept asked for."""
    assert ANOTHER_GENERATION not in places(wedged.opened().problems), "the first is asked for"
    wedged.begin(wedged.opened())
    assert ANOTHER_GENERATION not in places(wedged.opened().problems), "the same carries on"
    [problem] = [
        problem
        for problem in wedged.opened("the books are late").problems
        if problem.name == ANOTHER_GENERATION
    ]
    assert problem.may_be_accepted
    assert WHY in problem.message


def test_who_dies_in_between_has_lost_nothing(wedged: Wedged) -> None:
    """Before the new run has recorded anything: whoever comes next writes the rest."""
    opened = wedged.opened()
    wedged.begin(opened, dies=True)
    for again in (rebuild(wedged.plan), wedged.opened()):
        assert (again.unfinished, again.target.generation) == (None, 2)
    run = wedged.begin(rebuild(wedged.plan))
    assert len(wedged.left(wedged.run)) == 1, "once"
    assert [kept.reason for kept in wedged.left(run)] == [WHY]


def test_a_run_that_died_between_its_first_records_is_given_the_missing_one(
    wedged: Wedged,
) -> None:
    run = wedged.begin(wedged.opened())
    path = RunsFolder(wedged.plan.root).journal(run)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0])
    for segment in wedged.store.names(f"journals/{REGION}/{run}/"):
        wedged.store.remove(f"journals/{REGION}/{run}/{segment}")
    assert wedged.left(run) == []
    for _ in ("the first command that carries on", "the next"):
        again = rebuild(wedged.plan)
        assert again.unfinished is not None
        assert wedged.begin(again) == run
        assert len(wedged.left(run)) == 1
    assert len(wedged.left(wedged.run)) == 1


def test_with_nothing_but_the_object_outside_the_run_is_not_carried_on(wedged: Wedged) -> None:
    behind = wedged.opened().behind
    assert behind is not None
    leave_generation(wedged.store, behind)
    plain = rebuild(wedged.plan)
    assert (plain.unfinished, plain.target.generation) == (None, 2)
    with pytest.raises(ConfigurationError, match="is left behind") as refused:
        rebuild(wedged.plan, resumes=wedged.run)
    assert "begin another run" in refused.value.remedy
    wedged.store.remove(f"generations/{REGION}/1.json")
    assert rebuild(wedged.plan).target.generation == 1, "this object is what keeps everybody off"


def test_its_first_reason_stays(wedged: Wedged) -> None:
    for reason in (WHY, "another"):
        behind = wedged.opened(reason).behind
        assert behind is not None
        leave_generation(wedged.store, behind)
    assert [kept.reason for kept in left_generations(wedged.store, REGION).values()] == [WHY]


def test_what_was_left_and_cannot_be_read_is_not_built_upon(wedged: Wedged) -> None:
    wedged.store.put(f"generations/{REGION}/1.json", b"{}")
    with pytest.raises(ConfigurationError, match="says nothing of a generation"):
        wedged.opened()


def test_what_customers_are_sent_to_is_not_left(wedged: Wedged) -> None:
    served_by(wedged.world, wedged.plan, REGION, run=wedged.run, number=2)
    with pytest.raises(ConfigurationError, match="customers are sent there") as refused:
        wedged.opened()
    assert f"drkit resume {wedged.run}" in refused.value.remedy
    assert rebuild(wedged.plan).unfinished is not None


def test_where_nothing_was_built_nothing_is_left(shop: Write, world: World) -> None:
    plan = shop()
    served_by(world, plan, "eu-west-3")
    opened = rebuild(plan, new_generation=True, reason=WHY)
    assert (opened.target.generation, opened.behind) == (1, None)


def test_what_was_built_by_a_run_that_nobody_knows_is_left_too(shop: Write, world: World) -> None:
    plan = shop()
    served_by(world, plan, "eu-west-3")
    built(world, f"{REGION}.g4")
    opened = rebuild(plan, new_generation=True, reason=WHY)
    assert opened.target.generation == 5
    assert opened.behind is not None
    assert opened.behind.run == ""


@pytest.mark.parametrize(
    ("kind", "reason", "said"),
    [(RunKind.REBUILD, " ", "needs a reason"), (RunKind.DEPLOY, WHY, "leaves no generation")],
)
def test_it_takes_a_reason_and_a_rebuild(
    shop: Write, kind: RunKind, reason: str, said: str
) -> None:
    wish = Wish(plan=shop(), kind=kind, region=REGION, new_generation=True, reason=reason)
    with pytest.raises(UsageError, match=said):
        wish.check(START)
