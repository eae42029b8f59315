"""The runs on this machine: ``.drkit/runs/RUN/`` beside the plan, each with its journal.

Tells which run of a kind and site was left unfinished, and how it stands; whether a command carries
on with it is decided where the world is known. Folders are private (0700): they hold the key to the
hosts.
"""

from __future__ import annotations

import fcntl
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from drkit.adapters.journal_file import first_record, read_journal
from drkit.adapters.private import private_folder
from drkit.adapters.scratch import working_in_scratch
from drkit.engine.loop import Stand
from drkit.engine.progress import is_over, run_of, stand
from drkit.errors import JournalDamaged, RunBusy, UsageError
from drkit.model.outcome import SATISFIED, State
from drkit.model.record import (
    OLD_SITE_HEALTHY,
    GateAnswered,
    IncidentBegan,
    ProblemAccepted,
    Record,
    RunBegan,
    RunEnded,
    RunResumed,
    Target,
)
from drkit.model.step import RunKind
from drkit.reporting.moving import move_of

JOURNAL = "journal.jsonl"
STALE = timedelta(minutes=30)
"""After so long without a word a run that has opened nothing is not carried on with."""


class RunsFolder:
    """Run ids sort by time: ``20261123-050102-rebuild-eu-central-1``."""

    def __init__(self, plan_root: Path) -> None:
        self.path = plan_root / ".drkit" / "runs"

    def folder(self, run: str) -> Path:
        return self.path / run

    def journal(self, run: str) -> Path:
        return self.path / run / JOURNAL

    def new(self, kind: RunKind, region: str, now: datetime) -> str:
        """A new run's id; its folder is made, private."""
        private_folder(self.path.parent)
        private_folder(self.path)
        stem = f"{now:%Y%m%d-%H%M%S}-{kind}-{region}"
        names = [stem, *(f"{stem}-{number}" for number in range(2, 100))]
        for name in names:
            folder = self.path / name
            try:
                folder.mkdir(mode=0o700)
            except FileExistsError:
                continue
            (folder / "logs").mkdir(mode=0o700)
            return name
        raise UsageError(f"a hundred runs began in one second in {self.path}")

    @contextmanager
    def hold(self, region: str) -> Iterator[None]:
        """Keep every other drkit of this folder off a site. Raises RunBusy.

        A run's own lock does not: a plan edited in mid-run, or another ``--to``, is another run,
        and would build and restore on the very hosts of the one that runs. What this process makes
        of temporary files meanwhile goes with it, and if it is killed with the next that holds.
        """
        private_folder(self.path.parent)
        private_folder(self.path)
        with (self.path / f".{region}.lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise RunBusy(
                    f"another drkit works on {region}",
                    remedy="wait for it, or stop it with Ctrl-C where it runs",
                ) from error
            with working_in_scratch(self.path, region):
                yield

    def names(self) -> list[str]:
        """Every run's id, newest first."""
        if not self.path.is_dir():
            return []
        found = (f.name for f in self.path.iterdir() if (f / JOURNAL).is_file())
        return sorted(found, reverse=True)

    def records(self, run: str | None) -> tuple[Record, ...]:
        """The records of ``run``, else of the newest. Raises UsageError when there is none."""
        names = self.names()
        if not names:
            raise UsageError("there is no run yet", remedy="start one: `drkit rebuild --region R`")
        if run is not None and run not in names:
            raise UsageError(f"there is no run {run}", remedy=f"runs: {', '.join(names[:5])}")
        return read_journal(self.journal(run or names[0]))

    def unfinished(self, kind: RunKind, region: str) -> RunBegan | None:
        """The newest run of this kind and site if it is not over, whatever its plan: as it is now.

        None too where that run's journal is damaged: an older one must not be taken for it.
        """
        records = self._newest(kind, region)
        return run_of(records) if records and not is_over(records) else None

    def states(self, run: str) -> Mapping[str, State]:
        """How each step of ``run`` that has a record stands."""
        return stand(self.records(run)).states

    def done_steps(self, run: str) -> frozenset[str]:
        """Ids of the steps of ``run`` that are done, or were skipped."""
        return frozenset(step for step, state in self.states(run).items() if state in SATISFIED)

    def newest_name(self, kind: RunKind, region: str) -> str | None:
        """The id of the newest run of this kind and site, also if its journal cannot be read."""
        return next((name for name in self.names() if kind_of(name, region) == kind), None)

    def newest(self, kind: RunKind, region: str) -> str | None:
        """The id of the newest run of this kind and site, if it has one that can be read."""
        began = run_of(self._newest(kind, region))
        return began.run if began else None

    def began_at(self, run: str) -> datetime:
        """When ``run`` began."""
        return self.records(run)[0].at

    def is_stale(self, run: str) -> bool:
        """Whether ``run`` was left alone for longer than :data:`STALE`: nobody knows whether
        customers were served meanwhile, and a new run costs a look at what is there.
        """
        return datetime.now(UTC) - self.records(run)[-1].at > STALE

    def grew_old(self, run: str) -> bool:
        """Whether ``run`` is stale, and time tells against it: in a move that keeps customers off,
        nothing grows old.
        """
        move = move_of(self.records(run))
        return self.is_stale(run) and not (move is not None and move.keeps)

    def must_be_readable(self, kind: RunKind, region: str) -> None:
        """Raises JournalDamaged where the newest run of this kind and site cannot be read."""
        if (run := self.newest_name(kind, region)) is not None:
            self.records(run)

    def came_to_its_end(self, run: str) -> bool:
        """Whether nobody cut the last command on ``run`` off: what is not done then has failed."""
        return _came_to_its_end(self.records(run))

    def cut_off_on(self, target: Target) -> tuple[str, ...]:
        """Names of the machines that worked on runs of ``target`` which were cut off: what they had
        begun may still be locked. Whoever has the site to himself knows that none is at work.
        """
        found: dict[str, None] = {}
        for _, records in self._of(target):
            if not _came_to_its_end(records):
                found |= dict.fromkeys(_machines(records))
        return tuple(found)

    def incident_of(
        self, kind: RunKind, region: str, *, serving: str | None
    ) -> IncidentBegan | None:
        """The incident of the newest run of this kind and site, if it goes on: the same site served
        before it, and the run is not stale. Its start was observed, or named by a person.
        """
        records = self._newest(kind, region)
        began = run_of(records)
        if began is None or began.serving_before != serving or self.is_stale(began.run):
            return None
        named = [r.body for r in records if isinstance(r.body, IncidentBegan)]
        return named[-1] if named and named[-1].source != "run" else None

    def left_customers(self, run: str) -> bool:
        """Whether ``run`` went on although the old site served, and took orders all the while."""
        bodies = (record.body for record in self.records(run))
        accepted = {body.problem for body in bodies if isinstance(body, ProblemAccepted)}
        return OLD_SITE_HEALTHY in accepted

    def all_of(self, kind: RunKind) -> Iterator[tuple[Record, ...]]:
        """The records of every run of this kind that can be read, newest first."""
        for _, records in self._runs():
            began = run_of(records)
            if began is not None and began.kind is kind:
                yield records

    def used_codes(self, *, besides: str = "") -> Mapping[str, str]:
        """Sealed code → the run in which it counted, of every run that can be read but one."""
        return {
            record.body.broken: name
            for name, records in self._runs()
            for record in records
            if isinstance(record.body, GateAnswered) and record.body.broken and name != besides
        }

    def newest_of(self, target: Target) -> Path | None:
        """The folder of the newest run that built ``target``."""
        return next((self.folder(name) for name, _ in self._of(target)), None)

    def records_of(self, target: Target) -> Iterator[tuple[Record, ...]]:
        """The records of each run that built ``target`` and can be read, newest first."""
        yield from (records for _, records in self._of(target))

    def _newest(self, kind: RunKind, region: str) -> tuple[Record, ...]:
        """The records of the newest run of this kind and site; empty if it has none to be read."""
        ours = (records for name, records in self._runs() if kind_of(name, region) == kind)
        return next(ours, ())

    def _of(self, target: Target) -> Iterator[tuple[str, tuple[Record, ...]]]:
        """Id and records of each run that built ``target``, newest first; none of a damaged
        journal. Of others, of which a year of nights leaves hundreds, the first record is read.
        """
        for name in self.names():
            with suppress(JournalDamaged):
                first = first_record(self.journal(name))
                if first and isinstance(first.body, RunBegan) and first.body.target == target:
                    yield name, read_journal(self.journal(name))

    def _runs(self) -> Iterator[tuple[str, tuple[Record, ...]]]:
        """Each run's id and records, newest first; none of a damaged journal."""
        for name in self.names():
            try:
                yield name, read_journal(self.journal(name))
            except JournalDamaged:
                yield name, ()


def kind_of(run: str, region: str) -> str:
    """Which kind of run of ``region`` this id names; empty if it is none."""
    found = re.fullmatch(rf"\d+-\d+-([a-z]+)-{re.escape(region)}(-\d+)?", run)
    return found[1] if found else ""


def _came_to_its_end(records: Sequence[Record]) -> bool:
    bodies = (record.body for record in reversed(records))
    last = next((b for b in bodies if isinstance(b, RunEnded | RunResumed)), None)
    return isinstance(last, RunEnded) and last.stand == Stand.FINISHED


def _machines(records: Iterable[Record]) -> Iterator[str]:
    """Where commands on a run were typed, by name."""
    for record in records:
        if isinstance(record.body, RunBegan | RunResumed):
            yield record.body.operator.rpartition("@")[2]
