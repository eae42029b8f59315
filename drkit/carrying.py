"""Which run a command carries on with, if any, and why not: decided once, before anything is done.

A run is carried on with as long as what it restored and counted still holds. A changed plan is not
against it where a person accepts the change and the run stays where it is; what the change undoes
is decided here too. Where another run is begun in its place, that is said, never done silently.
So is which generation is built: that of the run that is carried on with, else the one that is due,
unless a person leaves that behind. Refuses to leave one that customers are sent to.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from drkit.errors import ConfigurationError, Problem, UsageError
from drkit.model.record import RunBegan, RunLeft, Target
from drkit.model.step import RunKind, RunMode
from drkit.model.wish import Wish
from drkit.operating import operator
from drkit.planning.changes import plan_changes
from drkit.planning.replanned import Change, Replanned, fixed_changes, replanned
from drkit.ports import World
from drkit.reporting.moving import Move, move_of, was_given_back

if TYPE_CHECKING:
    from drkit.adapters.epoch import Epoch
    from drkit.adapters.generations import Generations
    from drkit.adapters.left_generations import LeftGeneration
    from drkit.adapters.preflight import Intent
    from drkit.adapters.runs_folder import RunsFolder

ANOTHER_GENERATION = "another-generation"
"""The problem that a second generation is left in a row."""
ANOTHER_PLAN = "the plan is not the one that it began with"
AT_ITS_END = "it came to its end, and what it had done is looked at again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrying:
    """What is about to be done, and what becomes of the run that was left unfinished."""

    intent: Intent
    target: Target
    """What is built."""
    change: Replanned | None = None
    """Of the plan of the run that is carried on with, where a person accepted one."""
    left: RunLeft | None = None
    """The unfinished run in whose place another is begun."""
    behind: LeftGeneration | None = None
    """The generation in whose place ``target`` is built, where it was given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known when it is decided."""

    world: World
    epoch: Epoch
    runs: RunsFolder
    generations: Generations
    """Of the wish's region."""


def carrying(wish: Wish, known: Known) -> Carrying:
    """Raises UsageError for a run by name that is over, ConfigurationError for what must not be
    carried on, left behind or changed, JournalDamaged where a rebuild may have a standby's site.
    """
    if wish.kind is RunKind.VALIDATE:
        return _validation(wish, known)
    runs = known.runs
    if wish.kind is RunKind.STANDBY:
        runs.must_be_readable(RunKind.REBUILD, wish.region)
        if rebuild := _rebuilding(wish, runs):
            return Carrying(intent=_intent(wish, known, rebuild), target=rebuild.target)
    left = runs.unfinished(wish.kind, wish.region)
    intent = _intent(wish, known, left)
    if wish.resumes and (left is None or left.run != wish.resumes):
        raise UsageError(
            f"{wish.resumes} cannot be carried on: it is over, or its site has a newer run",
            remedy=f"`drkit status {wish.resumes}` says how it stands",
        )
    behind = _behind(wish, known, left)
    generations = known.generations
    due = generations.after(behind.target.generation) if behind else generations.due
    target = Target(shop=wish.plan.shop, region=wish.region, generation=due)
    if left is None:
        return Carrying(intent=intent, target=target, behind=behind)
    against = _given_up(left, known, behind) or _against(wish, intent, left, runs)
    if against and wish.resumes:
        raise _refused(wish, left, against)
    changes = tuple(plan_changes(left.plan, wish.plan.source))
    if against:
        place_of = RunLeft(run=left.run, why=against, changes=changes)
        return Carrying(intent=intent, target=target, left=place_of, behind=behind)
    intent = replace(intent, carried_on=left, done=runs.done_steps(left.run), mode=left.mode)
    replaced = known.generations.before(left.target.generation)
    if behind is not None and behind.target.generation != replaced:
        behind = None
    if not changes:
        return Carrying(intent=intent, target=left.target, behind=behind)
    change = replanned(_change(wish, intent, left), runs.states(left.run), changes)
    return Carrying(
        intent=replace(intent, done=intent.done.difference(change.again)),
        target=left.target,
        behind=behind,
        change=change,
    )


def _behind(wish: Wish, known: Known, left: RunBegan | None) -> LeftGeneration | None:
    """The generation in whose place another is built: as ``wish`` says now, or as was written down
    before. The same wish again leaves nothing more: its reason tells that it is the same.

    Raises ConfigurationError for one that customers are sent to.
    """
    from drkit.adapters.clock import SystemClock
    from drkit.adapters.left_generations import LeftGeneration

    found, reason = known.generations, wish.reason.strip()
    before = found.left.get(found.before(found.due))
    if not wish.new_generation or (before is not None and before.reason == reason):
        return before
    if left is not None and left.run == known.epoch.run:
        raise ConfigurationError(
            f"{left.target.name} cannot be left behind: {left.run} has raised the epoch for it, and"
            " customers are sent there; nothing was touched",
            remedy=f"carry on with it: `drkit resume {left.run}`",
        )
    building = left is not None and left.target.generation == found.due
    if not building and found.due not in found.built:
        return before
    return LeftGeneration(
        target=Target(shop=wish.plan.shop, region=wish.region, generation=found.due),
        reason=reason,
        operator=operator(),
        at=SystemClock().now(),
        run=left.run if left is not None and building else "",
    )


def _intent(wish: Wish, known: Known, left: RunBegan | None) -> Intent:
    from drkit.adapters.preflight import Intent

    return Intent(
        plan=wish.plan,
        kind=wish.kind,
        region=wish.region,
        world=known.world,
        epoch=known.epoch,
        left=left,
        recover_to=wish.recover_to,
        mode=wish.mode or RunMode.UNPLANNED,
    )


def _validation(wish: Wish, known: Known) -> Carrying:
    """One that is begun: what another has built goes with it, so none is carried on with."""
    if wish.resumes:
        raise UsageError(
            f"{wish.resumes} cannot be carried on: what a validation has built goes with it",
            remedy=f"begin another: `drkit validate --region {wish.region}`",
        )
    fresh = known.generations.fresh
    return Carrying(
        intent=_intent(wish, known, _rebuilding(wish, known.runs)),
        target=Target(shop=wish.plan.shop, region=wish.region, generation=fresh),
    )


def _rebuilding(wish: Wish, runs: RunsFolder) -> RunBegan | None:
    """The rebuild of the site that somebody may carry on with."""
    run = runs.unfinished(RunKind.REBUILD, wish.region)
    return run if run is not None and not runs.grew_old(run.run) else None


def left_again(found: Carrying, known: Known) -> Iterator[Problem]:
    """A generation that is left although it was itself begun in place of one: it may well be the
    same command again, with a reason that was meant for something else.
    """
    behind, before = found.behind, known.generations.left
    number = behind.target.generation if behind else 1
    earlier = known.generations.before(number)
    if behind and behind.run and number not in before and earlier in before:
        yield Problem(
            place=ANOTHER_GENERATION,
            message=f"{behind.target.name} is built in place of one that was left"
            f" ({before[earlier].reason}), and would be left as well",
            remedy="to carry on with it, leave --new-generation out; else: --accept"
            f" {ANOTHER_GENERATION} --reason WHY",
            acceptable=True,
        )


def _given_up(left: RunBegan, known: Known, behind: LeftGeneration | None) -> str:
    """Why nobody may build on what ``left`` has built, if somebody gave that up."""
    number = left.target.generation
    given_up = known.generations.left.get(number)
    if behind is not None and behind.target.generation == number:
        given_up = behind
    return f"{left.target.name} is left behind ({given_up.reason})" if given_up else ""


def _against(wish: Wish, intent: Intent, left: RunBegan, runs: RunsFolder) -> str:
    """Why ``left`` must not be carried on, if anything is against it.

    Another plan, unless a person accepts it, or another moment to restore to, is another run. So is
    one that began before some other site was opened, that was left alone for long, or whose old
    site served meanwhile: customers may have ordered on, so what it restored is old, and so is its
    reading of the ledgers.
    """
    if left.plan != wish.plan.source and not wish.accept_plan_change:
        return ANOTHER_PLAN
    if wish.recover_to not in {None, left.recover_to}:
        return "it does not restore to that moment"
    if intent.epoch.run == left.run:
        return ""
    if intent.epoch.serving_name != left.serving_before:
        return "another site was opened since it began"
    records = runs.records(left.run)
    if was_given_back(records):
        return "the old site was given back to its customers since"
    move = move_of(records)
    if wish.mode is RunMode.PLANNED and (move is None or move.given_up):
        return "it is an unplanned one"
    if move is not None and not move.given_up:
        return _against_planned(wish, intent, left, move, runs)
    return _against_unplanned(intent, left, runs)


def _against_unplanned(intent: Intent, left: RunBegan, runs: RunsFolder) -> str:
    from drkit.adapters.preflight import serves
    from drkit.adapters.probe_results import probe_file, recovered_since

    if runs.is_stale(left.run):
        return "it was left alone for too long"
    if intent.kind is RunKind.STANDBY:  # it has restored nothing that grows old
        return AT_ITS_END if runs.came_to_its_end(left.run) else ""
    probed = probe_file(intent.plan.root)
    if recovered_since(probed, runs.began_at(left.run)) or runs.left_customers(left.run):
        return "the old site has served customers since it began"
    return "the old site serves customers" if serves(intent) else ""


def _against_planned(
    wish: Wish, intent: Intent, left: RunBegan, move: Move, runs: RunsFolder
) -> str:
    """Until it has closed the old site it has restored nothing, so nothing has grown old. After
    that time alone is no reason: who is closed serves nobody, and must not wait for a new run.
    """
    from drkit.adapters.preflight import serves

    if runs.grew_old(left.run):
        return "it was left alone for too long"
    needs_it_closed = move.caught_up is not None or wish.mode is RunMode.UNPLANNED
    return "the old site serves customers" if needs_it_closed and serves(intent) else ""


def _refused(wish: Wish, left: RunBegan, against: str) -> ConfigurationError:
    """A run by name that must not be carried on, with what differs in its plan."""
    another = f"begin another run: `drkit {wish.kind} --region {wish.region}`"
    accept = "put it back, or go on in spite of it: --accept-plan-change --reason WHY; or "
    changed = against == ANOTHER_PLAN
    return ConfigurationError(
        f"{left.run} cannot be carried on: {against}; nothing was touched",
        problems=tuple(
            Problem(place="plan", message=change)
            for change in (plan_changes(left.plan, wish.plan.source) if changed else ())
        ),
        remedy=f"{accept if changed else ''}{another}",
    )


def _change(wish: Wish, intent: Intent, left: RunBegan) -> Change:
    """The change of the plan that was accepted. Raises ConfigurationError for what no run can
    take.
    """
    from drkit.adapters.plan_yaml import structure_plan

    try:
        before = structure_plan(left.plan, root=wish.plan.root)
    except ConfigurationError as error:
        raise ConfigurationError(
            f"the plan that {left.run} began with is none that this drkit reads: {error}",
            problems=error.problems,
            remedy="carry on with the drkit that began it, or without --accept-plan-change",
        ) from error
    change = Change(
        before=before,
        now=wish.plan,
        kind=wish.kind,
        mode=left.mode,
        region=wish.region,
        cutover_begun=intent.epoch.run == left.run,
    )
    if fixed := tuple(fixed_changes(change)):
        raise ConfigurationError(
            f"{left.run} cannot take this change of its plan; nothing was touched", problems=fixed
        )
    return change
