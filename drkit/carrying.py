"""Which run a command carries on with, and which it leaves behind.

Start is resume (law 2), but never of what has grown old: customers who were served since have
ordered, and what was restored has none of it. A planned run is told apart: customers are served
while it builds, and nobody serves them once it has closed the old site.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from drkit.errors import ConfigurationError, Problem, UsageError
from drkit.model.record import RunBegan
from drkit.model.step import RunMode
from drkit.model.wish import Wish
from drkit.planning.changes import plan_changes
from drkit.ports import World
from drkit.reporting.moving import Move

if TYPE_CHECKING:
    from drkit.adapters.epoch import Epoch
    from drkit.adapters.preflight import Intent
    from drkit.adapters.runs_folder import RunsFolder


def intent_of(wish: Wish, world: World, epoch: Epoch, runs: RunsFolder) -> Intent:
    """What is about to be done: a new run, or the unfinished one to carry on with.

    Raises UsageError and ConfigurationError where ``wish`` names a run that cannot be carried on.
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
    against = _against(wish, intent, left, runs) if left is not None else ""
    if wish.resumes and against:
        changes = tuple(
            Problem(place="plan", message=change, remedy="put it back as it was")
            for change in plan_changes(left.plan if left else {}, wish.plan.source)
        )
        raise ConfigurationError(
            f"{wish.resumes} cannot be carried on: {against}; nothing was touched",
            problems=changes,
            remedy=f"or begin another run: `drkit {wish.kind} --region {wish.region}`",
        )
    if left is None or against:
        return intent
    return replace(intent, carried_on=left, done=runs.done_steps(left.run), mode=left.mode)


def _against(wish: Wish, intent: Intent, left: RunBegan, runs: RunsFolder) -> str:
    """Why ``left`` must not be carried on, if anything is against it.

    Another plan, or another moment to restore to, is another run. So is one that began before
    some other site was opened, that was left alone for long, or whose old site served meanwhile:
    customers may have ordered on, so what it restored is old, and so is its reading of the ledgers.
    """
    if left.plan != wish.plan.source:
        return "the plan is not the one that it began with"
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
