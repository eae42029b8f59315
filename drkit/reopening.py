"""The old site given back to its customers, where a planned move that closed it was broken off.

The move ends with that: what it restored grows old with the first order. So no other drkit may
work on any site meanwhile, and the word of it is in the move's journal, here and outside, before
the first host is opened: whoever runs the same command again begins anew, also if this one dies
half-way. A site whose customers were sent elsewhere is refused, by its own hosts.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from drkit.compose import Around, look_around
from drkit.errors import ConfigurationError, StepError, UsageError
from drkit.holding import add_record, hold_outside, hold_site, look_outside
from drkit.model.place_record import SiteReopened
from drkit.model.plan import Plan
from drkit.model.step import PlaybookWork, RunKind
from drkit.model.wish import Wish
from drkit.operating import operator
from drkit.planning.quiesce import REOPEN
from drkit.ports import Progress
from drkit.tending import tend

if TYPE_CHECKING:
    from drkit.adapters.held import Held


def reopen(plan: Plan, *, reason: str, say: Progress, log: Path) -> str:
    """Open the site that serves by the epoch again; returns its name.

    Raises UsageError without a reason, ConfigurationError where no site serves, RunBusy while
    somebody works on another site, StepError.
    """
    from drkit.adapters.epoch import read_epoch
    from drkit.adapters.worlds import check_account

    if not reason.strip():
        raise UsageError("giving a site back needs a --reason: it is recorded")
    around = look_around(Wish(plan=plan, kind=RunKind.REBUILD, region=next(iter(plan.sites), "")))
    if problems := check_account(around.world, plan):
        raise ConfigurationError("nothing was touched", problems=problems)
    serving = around.epoch.serving
    if serving is None:
        raise ConfigurationError(
            "no site of this shop serves yet", remedy="bring it up: `drkit deploy --region R`"
        )
    word = SiteReopened(site=serving.name, reason=reason, operator=operator())
    with ExitStack() as whole:
        others = [
            replace(around, wish=replace(around.wish, region=region))
            for region in plan.sites
            if region != serving.region
        ]
        alone = [(there, _alone(there, whole)) for there in others]
        # only now does nobody raise it any more
        if read_epoch(around.world, plan).number != around.epoch.number:
            raise ConfigurationError(
                f"customers were sent away from {serving.name} at this very moment; nothing was"
                " touched",
                remedy="`drkit status` says where they are",
            )
        for there, held in alone:
            _break_off(there, held, word)
        try:
            outcome = tend(plan, PlaybookWork(playbook=REOPEN, hosts="all"), say=say, log=log)
        except (ConfigurationError, StepError) as error:
            # by now the move is over, so something was touched
            raise _not_yet(serving.name, str(error), error.remedy) from error
    if not outcome.done:
        raise _not_yet(serving.name, outcome.message, f"all it said: {log}; mend it")
    return serving.name


def _not_yet(site: str, why: str, remedy: str) -> StepError:
    return StepError(
        f"{site} was not given back, and takes no customers before it was: {why}",
        remedy=f"{remedy or 'mend it'}; then run the same command again: the move that closed it is"
        " over",
    )


def _alone(around: Around, whole: ExitStack) -> Held:
    """Have a site for oneself, here and outside, until ``whole`` ends."""
    whole.enter_context(hold_site(around.wish))
    free = look_outside(around)
    if free is None:
        raise AssertionError("a site of the plan is one")
    return whole.enter_context(hold_outside(free))


def _break_off(around: Around, held: Held, word: SiteReopened) -> None:
    """Write ``word`` into the journal of the move that closed the site, if one did: also of one
    whose cutover was started and has not raised the epoch, which is what sends customers on.
    """
    from drkit.adapters.journal_copies import bring
    from drkit.adapters.runs_folder import RunsFolder

    region, runs = around.wish.region, RunsFolder(around.wish.plan.root)
    run = runs.newest(around.wish.kind, region)
    move = runs.move(run) if run else None
    if run is None or move is None or not move.holds_customers_off:
        return
    known = bring(held.store, runs, region, run)
    add_record(held, runs, run, replace(word, key=held.owner.key), known=known)
