"""The journal of a run in two places: a file here, and numbered segments in the bucket outside.

The file is written first (it is durable in a fifth of a millisecond), the segment after it by
:class:`drkit.adapters.held.Held`. Invariant: no step is started before the record of its start is
in both, so whoever has lost the run to somebody else starts nothing; only where the store does not
answer at all does the run go on with the file alone, and says so in a record. What is not outside
when this machine dies can have run; whoever carries on does not know of it, and looks first.
"""

from __future__ import annotations

from datetime import timedelta

from drkit.adapters.clock import SystemClock
from drkit.adapters.held import Held
from drkit.adapters.journal_copies import records_outside
from drkit.adapters.journal_file import JournalFile
from drkit.adapters.runs_folder import RunsFolder
from drkit.errors import DrkitError, RunTaken
from drkit.model.place_record import OutsideBack, OutsideLost
from drkit.model.record import Body, Record, RunTakenOver, StepStarted

_PATIENCE = timedelta(seconds=3)
"""How long a step's start waits for the store; after that the run goes on without."""


class JournalOutside:
    """The journal of a run whose site is :class:`Held`. Use as a context manager."""

    def __init__(self, file: JournalFile, held: Held, *, run: str, known: int) -> None:
        self._file = file
        self._held = held
        self._run = run
        self._known = known
        """How many records the store has already."""
        self._said_lost = False

    def __enter__(self) -> JournalOutside:
        self._file.__enter__()
        self._held.name_run(self._run, first=self._known)
        self._held.send(self._file.lines_since(self._known))
        return self

    def __exit__(self, *trouble: object) -> None:
        self._file.__exit__(*trouble)

    def append(self, *bodies: Body) -> tuple[Record, ...]:
        """As :meth:`JournalFile.append`; raises RunTaken once another owner has the run."""
        self._refuse_taken()
        written, lines = self._file.append_lines(*self._news(), *bodies)
        self._held.send(lines)
        if any(isinstance(body, StepStarted) for body in bodies):
            self._held.wait_sent(_PATIENCE)
            self._refuse_taken()
        return written

    def records(self, *, since: int = 0) -> tuple[Record, ...]:
        return self._file.records(since=since)

    def _how_taken(self) -> str:
        """The last takeover on record, in words; empty where it is not to be read."""
        try:
            records = records_outside(self._held.store, self._held.region, self._run)
        except DrkitError:
            return ""
        for record in reversed(records):
            if isinstance(taken := record.body, RunTakenOver):
                moment = f"{record.at:%H:%M:%S} UTC"
                return f"{taken.operator} took this run over at {moment}: {taken.reason}"
        return ""

    def _news(self) -> tuple[Body, ...]:
        """What is to be said of the store before the next record."""
        lost = self._held.trouble
        if bool(lost) == self._said_lost:
            return ()
        self._said_lost = bool(lost)
        return (OutsideLost(error=lost),) if lost else (OutsideBack(),)

    def _refuse_taken(self) -> None:
        holder = self._held.taken_by
        if holder is None:
            return
        raise RunTaken(
            self._how_taken()
            or f"{holder.operator} has this run since {holder.since:%H:%M:%S} UTC",
            remedy="nothing more is done here: see `drkit status`, or take it back by a takeover",
        )


def journal_of(runs: RunsFolder, run: str, held: Held, *, known: int) -> JournalOutside:
    """The journal of a run of the held site, in its folder and outside, where ``known`` of its
    records are; not yet locked.
    """
    file = JournalFile(runs.journal(run), now=SystemClock().now)
    return JournalOutside(file, held, run=run, known=known)
