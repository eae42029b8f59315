"""The old site given back to its customers, where a planned move that closed it was broken off.

The move ends with that: what it restored grows old with the first order. So no other drkit may
work on any site meanwhile, and the word of it is in the move's journal, and outside, before the
first host is opened: whoever runs the same command again begins anew, also if this one dies
half-way. That the site serves is a second word, after the last host. What is wrong on this machine
is found before either. A site whose customers were sent elsewhere is refused, by its own hosts.

Its playbook is a try as of a run: an interrupt or ``drkit abort`` ends it with all its processes,
and never closes what is open by then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from drkit.compose import Around, look_around
from drkit.engine.loop import Stop
from drkit.errors import ConfigurationError, EffectUnknown, StepError, UsageError
from drkit.holding import PATIENCE, also_from_afar, hold_outside, hold_site, look_outside
from drkit.model.outcome import State
from drkit.model.place_record import SiteReopened, SiteServed
from drkit.model.plan import Plan
from drkit.model.record import Target
from drkit.model.step import PlaybookWork, RunKind
from drkit.model.wish import Wish
from drkit.operating import operator
from drkit.planning.quiesce import REOPEN
from drkit.ports import Progress
from drkit.reporting.moving import awaits_word, was_given_back
from drkit.tending import Tending, never, ready_to_tend

if TYPE_CHECKING:
    from drkit.adapters.held import Held
    from drkit.adapters.journal_outside import JournalOutside

_WORK = PlaybookWork(playbook=REOPEN, hosts="all")


def reopen(
    plan: Plan, *, reason: str, say: Progress, log: Path, stop: Callable[[], Stop] = never
) -> str:
    """Open the site that serves by the epoch again; returns its name.

    Raises UsageError without a reason, ConfigurationError where no site serves, RunBusy while
    somebody works on another site, StepError; EffectUnknown where ``stop``, or somebody from
    elsewhere, ended it.
    """
    from drkit.adapters.epoch import read_epoch

    if not reason.strip():
        raise UsageError("giving a site back needs a --reason: it is recorded")
    around, serving = _look(plan)
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
        stop = also_from_afar(stop, *(held for _, held in alone))
        with _ready(plan, log) as opening:
            if stop() is not Stop.NO:
                raise ConfigurationError("a person stopped it; nothing was touched")
            telling = _Telling(word)
            for there, held in alone:
                telling.begin(there, held, whole)
            giving = _Giving(around=around, site=serving.name, log=log)
            giving.back(opening, say, stop)
            telling.end()
    return serving.name


def _look(plan: Plan) -> tuple[Around, Target]:
    """At the world, and at who serves there."""
    from drkit.adapters.worlds import check_account

    around = look_around(Wish(plan=plan, kind=RunKind.REBUILD, region=next(iter(plan.sites), "")))
    if problems := check_account(around.world, plan):
        raise ConfigurationError("nothing was touched", problems=problems)
    if around.epoch.serving is None:
        raise ConfigurationError(
            "no site of this shop serves yet", remedy="bring it up: `drkit deploy --region R`"
        )
    return around, around.epoch.serving


@contextmanager
def _ready(plan: Plan, log: Path) -> Iterator[Tending]:
    from drkit.adapters.runs_folder import RunsFolder
    from drkit.adapters.scratch import calling_in_scratch

    with ExitStack() as made:
        folder = made.enter_context(calling_in_scratch(RunsFolder(plan.root).path, REOPEN))
        try:
            opening = made.enter_context(ready_to_tend(plan, _WORK, log=log, folder=folder))
        except StepError as error:
            raise ConfigurationError(
                f"{error}; nothing was touched", remedy=error.remedy or "mend it"
            ) from error
        yield opening


@dataclass(frozen=True, slots=True, kw_only=True)
class _Giving:
    """The site that is given back. By now the move is over, so something was touched."""

    around: Around
    site: str
    log: Path

    def back(self, opening: Tending, say: Progress, stop: Callable[[], Stop]) -> None:
        if stop() is not Stop.NO:
            raise self._stopped("a person stopped it before the first host was opened")
        try:
            outcome = opening(say, stop)
        except (ConfigurationError, StepError) as error:
            raise _not_yet(self.site, str(error), error.remedy) from error
        if outcome.state is State.UNKNOWN:
            raise self._stopped(outcome.message)
        if not outcome.done:
            raise _not_yet(self.site, outcome.message, f"all it said: {self.log}; mend it")

    def _stopped(self, why: str) -> EffectUnknown:
        """Customers are let in last, at the door: what they get now says what stands."""
        from drkit.adapters.public_answer import public_answer

        plan = self.around.wish.plan
        now = public_answer(plan, self.around.world).said
        return EffectUnknown(
            f"{self.site} was not given back to its end: {why}. What was opened stays open, and the"
            f" rest stays closed; {plan.dns.name} now: {now}",
            remedy="run the same command again: it opens what is closed, and the move that closed"
            f" it is over. All it said: {self.log}",
        )


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


class _Telling:
    """What is written into the journals of the runs that it is the end of."""

    def __init__(self, word: SiteReopened) -> None:
        self._word = word
        self._open: list[tuple[Held, JournalOutside]] = []

    def begin(self, around: Around, held: Held, whole: ExitStack) -> None:
        """Have the word in the journal of the newest run of a site, here and outside, if it may not
        be carried on after it: of the move that closed the old site, also of one whose cutover was
        started and has not raised the epoch, which is what sends customers on; and of one that was
        begun after that move. Raises StepError where the outside location does not take it.
        """
        from drkit.adapters.journal_copies import bring
        from drkit.adapters.journal_outside import journal_of
        from drkit.adapters.runs_folder import RunsFolder

        runs = RunsFolder(around.wish.plan.root)
        run = runs.newest(around.wish.kind, around.wish.region)
        if run is None or not awaits_word(runs.records(run)):
            return
        known = bring(held.store, runs, held.region, run)
        journal = whole.enter_context(journal_of(runs, run, held, known=known))
        self._open.append((held, journal))
        if not was_given_back(runs.records(run)):
            journal.append(replace(self._word, key=held.owner.key))
        if not held.wait_sent(PATIENCE):
            why = held.trouble or "nothing was heard of it in time"
            raise _not_yet(
                self._word.site, f"the outside location has no word of it in {run}: {why}", ""
            )

    def end(self) -> None:
        """Have it in the same journals that the site serves."""
        for held, journal in self._open:
            word = self._word
            journal.append(SiteServed(site=word.site, operator=word.operator, key=held.owner.key))
