"""Which run a command carries on with, if any, and why not: decided once, before anything is done.

A run is carried on with as long as what it restored and counted still holds. A changed plan is not
against it where a person accepts the change and the run stays where it is; what the change undoes
is decided here too. Where another run is begun in its place, that is said, never done silently.
A planned run is told apart: customers are served while it builds, and nobody serves them once it
has closed the old site.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from drkit.errors import ConfigurationError, Problem, UsageError
from drkit.model.record import RunBegan, RunLeft
from drkit.model.step import RunMode
from drkit.model.wish import Wish
from drkit.planning.changes import plan_changes
from drkit.planning.replanned import Change, Replanned, fixed_changes, replanned
from drkit.ports import World
from drkit.reporting.moving import Move

if TYPE_CHECKING:
    from drkit.adapters.epoch import Epoch
    from drkit.adapters.preflight import Intent
    from drkit.adapters.runs_folder import RunsFolder

ANOTHER_PLAN = "the plan is not the one that it began with"


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrying:
    """What is about to be done, and what becomes of the run that was left unfinished."""

    intent: Intent
    change: Replanned | None = None
    """Of the plan of the run that is carried on with, where a person accepted one."""
    left: RunLeft | None = None
    """The unfinished run in whose place another is begun."""


def carrying(wish: Wish, world: World, epoch: Epoch, runs: RunsFolder) -> Carrying:
    """Raises UsageError for a run by name that is over, ConfigurationError for one that must not be
    carried on, and for a change of its plan that it cannot take.
    """
    from drkit.adapters.preflight import Intent

    left = runs.left_behind(wish.kind, wish.region)
    intent = Intent(
        plan=wish.plan,
        kind=wish.kind,
        region=wish.region,
        world=world,
        epoch=epoch,
        left=left,
        recover_to=wish.recover_to,
        mode=wish.mode or RunMode.UNPLANNED,
    )
    if wish.resumes and (left is None or left.run != wish.resumes):
        raise UsageError(
            f"{wish.resumes} cannot be carried on: it is over, or its site has a newer run",
            remedy=f"`drkit status {wish.resumes}` says how it stands",
        )
    if left is None:
        return Carrying(intent=intent)
    against = _against(wish, intent, left, runs)
    if against and wish.resumes:
        raise _refused(wish, left, against)
    changes = tuple(plan_changes(left.plan, wish.plan.source))
    if against:
        return Carrying(intent=intent, left=RunLeft(run=left.run, why=against, changes=changes))
    intent = replace(intent, carried_on=left, done=runs.done_steps(left.run), mode=left.mode)
    if not changes:
        return Carrying(intent=intent)
    change = replanned(_change(wish, intent, left), runs.states(left.run), changes)
    return Carrying(
        intent=replace(intent, done=intent.done.difference(change.again)), change=change
    )


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
    move = runs.move(left.run)
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

    if move.reopened:
        return "the old site was given back to its customers since"
    if move.closed is None and runs.is_stale(left.run):
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
