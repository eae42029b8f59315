"""The site held outside by a drkit of these tests, as a command holds it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from drkit.adapters.held import Held
from drkit.adapters.journal_copies import bring
from drkit.adapters.journal_file import JournalFile
from drkit.adapters.journal_outside import JournalOutside
from drkit.adapters.lease import Lease, free_for, holder_here, read_lease, take, take_over
from drkit.adapters.outside_store import OutsideStore
from drkit.adapters.owner import Owner
from drkit.adapters.runs_folder import RunsFolder
from drkit.model.record import RunTakenOver
from tests.chaos.setting import REGION, RUN, Setting
from tests.fakes.documents import plan_at

REASON = "its laptop sleeps"


@contextmanager
def held_outside(
    folder: Path, setting: Setting, file: JournalFile
) -> Iterator[tuple[JournalOutside, Held]]:
    """The journal in both places. Raises RunBusy where another place has the run."""
    store, runs = OutsideStore(setting.world, plan_at(folder)), RunsFolder(folder)
    with Held(store, _lease(store, folder, setting), Owner(folder)) as held:
        known = bring(store, runs, REGION, RUN)
        with JournalOutside(file, held, run=RUN, known=known) as journal:
            if setting.takes_over:
                taken = RunTakenOver(operator=_operator(folder), reason=REASON, before="ana@host")
                journal.append(taken)
            yield journal, held


def _lease(store: OutsideStore, folder: Path, setting: Setting) -> Lease:
    me = holder_here(folder, region=REGION, operator=_operator(folder))
    if not setting.takes_over:
        return take(store, me, free_for(store, REGION, me.place))
    found = read_lease(store, REGION)
    if found is None:
        raise AssertionError("there is nobody to take the run from")
    return take_over(store, found, replace(me, run=RUN, reason=REASON))


def _operator(folder: Path) -> str:
    return f"{folder.name}@host"
