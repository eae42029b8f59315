"""Generations of a site that are over: listed with what they hold, and destroyed on demand.

Outside of any run, and with the site held as a run holds it, so that none can begin meanwhile. One
that was never opened is written down as left before its first resource goes: what is half destroyed
is never built upon. One that customers were on is destroyed once two people agreed. Refuses what
serves and what a run may still open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from drkit.agreeing import Agreement, agree, agreement
from drkit.destroying import Destroying, Reaped
from drkit.engine.progress import is_over, may_have_opened, run_of
from drkit.errors import ConfigurationError, JournalDamaged, Problem, UsageError
from drkit.holding import hold_outside, look_at_site
from drkit.model.plan import Plan, Tier
from drkit.model.record import GateAnswered, Target
from drkit.model.step import RunKind
from drkit.operating import operator
from drkit.planning.people import removal_problem
from drkit.planning.reaping import Builder, refusal, refusal_of_opened
from drkit.planning.sites import must_be_site
from drkit.reporting.moving import was_given_back

if TYPE_CHECKING:
    from drkit.adapters.epoch import Epoch
    from drkit.adapters.generations import Generations
    from drkit.adapters.left_generations import LeftGeneration
    from drkit.adapters.outside_store import OutsideStore
    from drkit.adapters.remains import Remains


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A generation, and what would be destroyed of it."""

    target: Target
    opened: bool
    """Customers are on it, or were."""
    left: LeftGeneration | None
    remains: tuple[Remains, ...]
    refused: str
    """Why it may not be reaped; empty: it may."""
    remedy: str = ""
    """What to do where it may not be."""
    stands_by: bool = False
    """It is the standby of a warm site."""
    asked: Agreement | None = None
    """What people were asked of it, and said."""
    lacking: Problem | None = None
    """Why too few people could agree to it."""


class Reaper:
    """One site of a plan. Raises ConfigurationError without a world, UsageError for no site."""

    def __init__(self, plan: Plan, region: str) -> None:
        from drkit.adapters.outside_store import OutsideStore
        from drkit.adapters.runs_folder import RunsFolder
        from drkit.adapters.worlds import check_account, open_world

        must_be_site(plan, region)
        self._plan, self._region = plan, region
        self._world = open_world(plan)
        if problems := check_account(self._world, plan):
            raise ConfigurationError("nothing was touched", problems=problems)
        self._runs = RunsFolder(plan.root)
        self._store = OutsideStore(self._world, plan)

    def found(self, generation: int | None = None) -> tuple[Found, ...]:
        """The generations of the site that hold something, or one of them. Destroys nothing.

        Raises UsageError for one that holds nothing, RunBusy while another place works on the site,
        ConfigurationError where there is no epoch: any of them may serve.
        """
        look_at_site(self._plan, self._world, self._region)
        return self._found(generation)

    def seen(self, generation: int) -> Found:
        """One of them as it stands now, also while another place works on the site.

        Raises as :meth:`found` but for that.
        """
        [found] = self._found(generation)
        return found

    def expired(self) -> tuple[Found, ...]:
        """The copies of validations that nobody waits for any more. Raises as :meth:`found`."""
        from drkit.adapters.clock import SystemClock

        now = SystemClock().now()
        return tuple(each for each in self.found() if each.left and each.left.may_go(now))

    def reap(
        self, generation: int, say: Callable[[str], None], *, reason: str = ""
    ) -> Reaped | Agreement:
        """Destroy a generation. One that customers were on needs a ``reason`` and two people: they
        are asked, and while they do not agree that is the result, and nothing was touched.

        Raises UsageError, RunBusy and ConfigurationError (nothing was touched); what could not be
        removed is in the result.
        """
        from drkit.adapters.clock import SystemClock
        from drkit.adapters.removals import note_reaped
        from drkit.adapters.run_keys import drop_keys
        from drkit.adapters.vault import open_vault

        with self._runs.hold(self._region):
            free = look_at_site(self._plan, self._world, self._region)
            with hold_outside(free) as held:
                found = self._reapable(generation)
                asked = self._agreed(held.store, found, reason.strip())
                if asked is not None and not asked.agreed:
                    return asked
                vault = open_vault(self._plan)
                if asked is not None:
                    note_reaped(held.store, asked.removal, operator())
                if not found.opened:
                    _leave(held.store, found.target, reason.strip())
                destroying = Destroying(
                    plan=self._plan,
                    target=found.target,
                    world=self._world,
                    vault=vault,
                    say=say,
                    asked_to_end=lambda: held.abort_asked,
                )
                reaped = replace(self._destroyed(destroying, found), agreed=asked)
                drop_keys(self._runs, self._region, held.store, SystemClock().now())
                return reaped

    def _reapable(self, generation: int) -> Found:
        [found] = self._found(generation)
        if found.refused:
            raise ConfigurationError(
                f"{found.target.name} is not reaped: {found.refused}; nothing was touched",
                remedy=found.remedy,
            )
        if found.lacking:
            raise ConfigurationError(
                f"{found.target.name} is not reaped; nothing was touched",
                problems=(found.lacking,),
            )
        return found

    def _destroyed(self, destroying: Destroying, found: Found) -> Reaped:
        from drkit.adapters.forgotten import forgotten_if_gone
        from drkit.adapters.scratch import sweep_all

        passing = found.left if found.left and found.left.passing else None
        if passing:  # the site is held: whoever has built it is dead
            sweep_all(self._runs.folder(passing.run))
        reaped = destroying.all_of(found.remains)
        if passing is None:
            return reaped
        stays = forgotten_if_gone(self._world, self._plan, found.target, reaped.stays)
        return replace(reaped, stays=stays)

    def _agreed(self, store: OutsideStore, found: Found, reason: str) -> Agreement | None:
        """What people say to it; None where nobody need be asked. Raises UsageError without a
        reason.
        """
        if not found.opened:
            return None
        if not reason and found.asked and found.asked.stands:
            reason = found.asked.removal.reason
        if not reason:
            raise UsageError(
                f"customers were on {found.target.name}: to destroy it needs a --reason, which is"
                " recorded; nothing was touched"
            )
        return agree(self._plan, store, found.target, reason=reason)

    def _found(self, generation: int | None) -> tuple[Found, ...]:
        from drkit.adapters.epoch import BRING_BACK, read_epoch, unknown
        from drkit.adapters.generations import known_generations

        epoch = read_epoch(self._world, self._plan)
        if not epoch.document:
            raise ConfigurationError(
                f"{unknown(self._plan)}; nothing was touched", remedy=BRING_BACK
            )
        known = known_generations(self._world, self._plan, self._region, epoch)
        numbers = sorted(known.built) if generation is None else [generation]
        found = [self._one(number, epoch, known) for number in numbers]
        holding = tuple(each for each in found if each.remains)
        if generation is not None and not holding:
            raise UsageError(
                f"{self._region}.g{generation} holds nothing",
                remedy=f"`drkit reap {self._region}` lists those that do",
            )
        return holding

    def _one(self, number: int, epoch: Epoch, known: Generations) -> Found:
        from drkit.adapters.remains import remains

        target = Target(shop=self._plan.shop, region=self._region, generation=number)
        left = known.left.get(number) or known.passing.get(number)
        named = number in known.opened
        # nobody can open again what was opened and serves no more: the epoch has moved on
        builder = None if left is not None or named else next(self._builders(target), None)
        opened = named or any(may_have_opened(each) for each in self._runs.records_of(target))
        lacking = removal_problem(self._plan) if opened else None
        asks = opened and lacking is None
        refused = refusal(target, epoch.serving, builder) or refusal_of_opened(
            target, self._opener(epoch) if named else ""
        )
        return Found(
            target=target,
            opened=opened,
            left=left,
            remains=remains(self._world, self._plan, target),
            refused=refused,
            remedy=self._remedy(builder, opened=opened) if refused else "",
            stands_by=self._is_warm and number == known.standing,
            asked=agreement(self._plan, self._store, target) if asks else None,
            lacking=lacking,
        )

    @property
    def _is_warm(self) -> bool:
        return self._plan.sites[self._region].tier is Tier.WARM

    def _opener(self, epoch: Epoch) -> str:
        """The run that the epoch names, while it is not over: its cutover may still fail. Empty for
        one of which nothing is recorded.
        """
        from drkit.adapters.journal_copies import records_outside

        if epoch.serving is None:
            return ""
        there = records_outside(self._store, epoch.serving.region, epoch.run)
        here = self._runs.records(epoch.run) if epoch.run in self._runs.names() else ()
        records = max(there, here, key=len)
        return epoch.run if records and not is_over(records) else ""

    def _builders(self, target: Target) -> Iterator[Builder]:
        # a standby is opened by no run that brings it up
        for kind in (one for one in RunKind if one is not RunKind.STANDBY):
            run = self._runs.newest_name(kind, self._region)
            if run is None:
                continue
            try:
                records = self._runs.records(run)
            except JournalDamaged:
                yield Builder(run=run, readable=False)
                continue
            began = run_of(records)
            if began is None or began.target != target or is_over(records):
                continue
            if was_given_back(records):  # it is carried on with by nobody
                continue
            bodies = (record.body for record in records)
            yield Builder(
                run=run,
                stale=self._runs.grew_old(run),
                consented=any(isinstance(b, GateAnswered) and b.consent for b in bodies),
            )

    def _remedy(self, builder: Builder | None, *, opened: bool) -> str:
        if opened:
            return "rebuild the shop in another region first, and carry on with that run to its end"
        if builder is not None and not builder.readable:
            return (
                f"`drkit journal verify {builder.run}` says where it is damaged; if nobody carries"
                f" on with it, move {self._runs.folder(builder.run)} away"
            )
        if self._runs.unfinished(RunKind.DEPLOY, self._region) is not None:
            # a deployment cannot leave its generation behind
            return f"carry on with that run to its end: `drkit deploy --region {self._region}`"
        return (
            "carry on with that run; or give up what it built: `drkit rebuild --region"
            f" {self._region} --new-generation --reason WHY`"
        )


def _leave(store: OutsideStore, target: Target, reason: str) -> None:
    """Have it outside that a generation goes, before its first resource does."""
    from drkit.adapters.clock import SystemClock
    from drkit.adapters.left_generations import LeftGeneration, leave_generation

    word = LeftGeneration(
        target=target,
        reason=reason or "reaped",
        operator=operator(),
        at=SystemClock().now(),
    )
    leave_generation(store, word)
