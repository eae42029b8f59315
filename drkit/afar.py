"""Runs seen, stopped and taken over from anywhere: by the lease and the journals outside.

Nothing here works on a site. A takeover moves the lease and brings the journal; the same command
then carries on, from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from drkit.engine.progress import is_left, run_of
from drkit.errors import ConfigurationError, JournalDamaged, UsageError
from drkit.model.place_record import OutsideBack, OutsideLost, SiteReopened, SiteServed
from drkit.model.plan import Plan
from drkit.model.record import Record, RunBegan, RunEnded, RunTakenOver
from drkit.model.step import RunKind
from drkit.operating import operator

if TYPE_CHECKING:
    from drkit.adapters.lease import Found
    from drkit.ports import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A run, and where it is known: its records as far as they are to be had from here."""

    run: str
    region: str
    records: tuple[Record, ...]
    lease: Found | None
    """Of its site, if it is this run that somebody works on, or was the last to."""
    damage: str = ""
    """Why the records cannot be read."""

    @property
    def at_work(self) -> bool:
        """Whether somebody works on it now, or was and has not said that it stopped."""
        return self.lease is not None and not self.lease.holder.released


def site_of_run(plan: Plan, run: str) -> tuple[RunKind, str]:
    """Kind and site of a run, by its id. Raises UsageError for what is no run of ``plan``."""
    from drkit.adapters.runs_folder import kind_of

    for site in plan.sites:
        if kind := kind_of(run, site):
            return RunKind(kind), site
    raise UsageError(
        f"`{run}` is no run of this plan", remedy="`drkit runs` lists those that there are"
    )


class Afar:
    """The runs of a plan, here and outside. Raises ConfigurationError without a world."""

    def __init__(self, plan: Plan) -> None:
        from drkit.adapters.outside_store import OutsideStore
        from drkit.adapters.runs_folder import RunsFolder

        self.plan = plan
        self._runs = RunsFolder(plan.root)
        self._world = _opened(plan)
        self.store = OutsideStore(self._world, plan)

    def runs(self) -> tuple[str, ...]:
        """The ids of all runs, newest first."""
        from drkit.adapters.journal_copies import runs_outside

        outside = [run for site in self.plan.sites for run in runs_outside(self.store, site)]
        return tuple(sorted({*outside, *self._runs.names()}, reverse=True))

    def known(self, run: str | None) -> Known:
        """What is known of ``run``, else of the newest. Raises UsageError where there is none."""
        from drkit.adapters.lease import read_lease

        run = self.named(run)
        region = self.region_of(run)
        found = read_lease(self.store, region)
        lease = found if found is not None and found.holder.run == run else None
        try:
            return Known(run=run, region=region, records=self._records(run, region), lease=lease)
        except JournalDamaged as error:
            return Known(run=run, region=region, records=(), lease=lease, damage=str(error))

    def known_records(self, run: str) -> tuple[Record, ...]:
        """As :func:`drkit.adapters.journal_copies.records_known`. Raises UsageError, too, for what
        is no run of this plan.
        """
        from drkit.adapters.journal_copies import records_known

        return records_known(self.store, self._runs, self.region_of(run), run)

    def named(self, run: str | None) -> str:
        """``run``, else the newest. Raises UsageError where there is none."""
        run = run or next(iter(self.runs()), None)
        if run is None:
            raise UsageError("there is no run yet", remedy="start one: `drkit rebuild --region R`")
        return run

    def facts(self, known: Known) -> str:
        """What a person is told before answering: the same as whoever sits before the run."""
        from drkit.adapters.public_answer import public_answer
        from drkit.adapters.question import question
        from drkit.reporting.report import report

        began = began_of(known)
        public = public_answer(self.plan, self._world).said
        name = self.plan.dns.name
        return question(report(known.records), name=name, target=began.target, public=public)

    def region_of(self, run: str) -> str:
        """The site of a run, by its id. Raises UsageError for what is no run of this plan."""
        return site_of_run(self.plan, run)[1]

    def abort(self, run: str) -> str:
        """Ask whoever works on ``run`` (or on this site) to end its running steps now; returns who
        that is. Raises UsageError where nobody does.
        """
        from drkit.adapters.held import ABORT
        from drkit.adapters.lease import ask_of

        found = self._worked_on(run)
        if not ask_of(self.store, found, ABORT):
            raise UsageError(f"nobody works on {run} any more", remedy="see `drkit status`")
        return found.holder.operator

    def take_over(self, run: str, *, reason: str) -> str:
        """Move ``run`` (or whatever runs for this site) to this place; returns who had it.

        Raises UsageError without a reason, or where nobody works on it; RunBusy where the lease
        moves meanwhile, or a drkit in this very folder has it.
        """
        from drkit.adapters.held import Held
        from drkit.adapters.journal_copies import bring
        from drkit.adapters.journal_outside import journal_of
        from drkit.adapters.lease import holder_here, take_over
        from drkit.adapters.owner import Owner

        if not reason.strip():
            raise UsageError(
                "a takeover needs a --reason: it is recorded, and shown to whoever had the run"
            )
        found = self._worked_on(run)
        before, run, region = found.holder.operator, found.holder.run, found.holder.region
        root, owner = self.plan.root, Owner(self.plan.root)
        here = holder_here(root, region=region, operator=operator(), run=run, reason=reason)
        with (
            self._runs.hold(region),
            Held(self.store, take_over(self.store, found, here), owner) as held,
        ):
            if run:  # else it was taken before it had begun anything
                known = bring(self.store, self._runs, region, run)
                with journal_of(self._runs, run, held, known=known) as journal:
                    taken = RunTakenOver(
                        operator=operator(), reason=reason, before=before, key=owner.key
                    )
                    journal.append(taken)
        return before

    def _worked_on(self, name: str) -> Found:
        from drkit.adapters.lease import read_lease

        is_site = name in self.plan.sites
        found = read_lease(self.store, name if is_site else self.region_of(name))
        if found is None or found.holder.released or not (is_site or found.holder.run == name):
            raise UsageError(
                f"nobody works on {name}",
                remedy="no takeover is needed: run the same command, it carries on",
            )
        return found

    def _records(self, run: str, region: str) -> tuple[Record, ...]:
        """Of the two copies the longer one: a run that goes on here is ahead of what is sent."""
        from drkit.adapters.journal_copies import records_outside
        from drkit.adapters.journal_file import read_journal

        there = records_outside(self.store, region, run)
        path = self._runs.journal(run)
        here = read_journal(path) if path.exists() else ()
        return here if len(here) > len(there) else there


def _opened(plan: Plan) -> World:
    from drkit.adapters.worlds import check_account, open_world

    world = open_world(plan)
    if problems := check_account(world, plan):
        raise ConfigurationError("nothing was touched", problems=problems)
    return world


def began_of(known: Known) -> RunBegan:
    """How a run began, with its plan as it is now. Raises UsageError where nothing is recorded."""
    if (began := run_of(known.records)) is None:
        raise UsageError(f"nothing is recorded of {known.run}", remedy="see `drkit runs`")
    return began


def standing(known: Known) -> str:
    """How a run stands, in a word or two, as ``drkit runs`` and ``drkit status`` say it."""
    if known.damage:
        return "damaged"
    if is_left(known.records):
        return "left behind"
    bodies = (record.body for record in reversed(known.records))
    last = next((body for body in bodies if not isinstance(body, OutsideLost | OutsideBack)), None)
    if isinstance(last, SiteReopened):
        return "is being given back: run `drkit reopen` again"
    if isinstance(last, SiteServed):
        return "given back"
    if isinstance(last, RunEnded):
        return {"finished": "finished", "waits": "waits for a person"}.get(last.stand, last.stand)
    return "at work" if known.at_work else "broken off"
