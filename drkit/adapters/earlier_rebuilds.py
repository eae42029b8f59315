"""The rebuilds and validations of a plan's sites, by the journals here and outside: what they took
and proved.

Reads, and brings nothing here (:func:`drkit.adapters.journal_copies.records_known`).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, cached_property

from drkit.adapters.journal_copies import records_known, runs_outside
from drkit.adapters.outside_store import OutsideStore
from drkit.adapters.runs_folder import RunsFolder, kind_of
from drkit.engine.progress import run_of
from drkit.errors import JournalDamaged
from drkit.model.plan import Plan
from drkit.model.record import Record, Target
from drkit.model.step import RunKind
from drkit.reporting.expected import EARLIER, History, history_of
from drkit.reporting.proofs import proof_of
from drkit.reporting.readiness.proof import Proven

PROVING = (RunKind.REBUILD, RunKind.VALIDATE)
"""Kinds of runs that restore a site; what a rebuild took counts first."""
STANDING = (RunKind.REBUILD, RunKind.STANDBY)
"""Kinds of runs whose generation stays."""


class EarlierRebuilds:
    """Each journal is read when it is first wanted. Raises ConfigurationError where the outside
    does not answer.
    """

    def __init__(self, store: OutsideStore, plan: Plan) -> None:
        self._store = store
        self._plan = plan
        self._runs = RunsFolder(plan.root)
        self._records = cache(self._read)

    def history(self) -> History:
        """How long the steps of the newest of them took: of each kind, for a validation has not
        all the steps of a rebuild.
        """
        return history_of(records for kind in PROVING for records in self._newest(kind))

    def proven(self, region: str) -> Proven:
        """The newest of them that brought back every process in ``region``."""
        damaged: list[str] = []
        for run, site in self._names:
            if site != region or kind_of(run, site) not in PROVING:
                continue
            records = self._records(run, region)
            if records is None:
                damaged.append(run)
            elif last := proof_of(records):
                return Proven(last=last, damaged=tuple(damaged))
        return Proven(last=None, damaged=tuple(damaged))

    def rebuilds_before(self, later: str) -> Iterator[tuple[str, tuple[Record, ...]]]:
        """Each rebuild whose journal can be read and that began before ``later``, by its name, the
        newest first.
        """
        for run, site in self._names:
            rebuild = run < later and kind_of(run, site) == RunKind.REBUILD
            if rebuild and (records := self._records(run, site)):
                yield run, records

    def builder_of(self, target: Target) -> tuple[Record, ...]:
        """The records of the newest that worked on ``target`` and stays; none where none is known:
        a rebuild that was broken off has built it as a standby does.
        """
        for run, site in self._names:
            if site == target.region and kind_of(run, site) in STANDING:
                records = self._records(run, site) or ()
                began = run_of(records)
                if began is not None and began.target == target:
                    return records
        return ()

    def _newest(self, kind: RunKind) -> list[tuple[Record, ...]]:
        found: list[tuple[Record, ...]] = []
        for run, region in self._names:
            wanted = len(found) < EARLIER and kind_of(run, region) == kind
            if wanted and (records := self._records(run, region)):
                found.append(records)
        return found

    @cached_property
    def _names(self) -> tuple[tuple[str, str], ...]:
        """Each run's id and site, newest first."""
        here = self._runs.names()
        found = {
            (run, site)
            for site in self._plan.sites
            for run in (*runs_outside(self._store, site), *here)
            if kind_of(run, site) in {*PROVING, *STANDING}
        }
        return tuple(sorted(found, reverse=True))

    def _read(self, run: str, region: str) -> tuple[Record, ...] | None:
        """None where its journal is damaged."""
        try:
            return records_known(self._store, self._runs, region, run)
        except JournalDamaged:
            return None
