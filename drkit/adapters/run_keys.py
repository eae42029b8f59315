"""The keys in the folders of runs: to the hosts, and to a closed site. They go with their use.

A run that may be carried on keeps them (a validation never is), and so does the newest of a
generation that another may build upon: that takes the certificate over, and changes nothing by it.
No other command has them from there. They are made again, from the vault, where a run turns out to
need them all the same.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

from drkit.adapters.left_generations import LeftGeneration, left_generations
from drkit.adapters.outside_store import OutsideStore
from drkit.adapters.runs_folder import RunsFolder, kind_of
from drkit.engine.progress import is_left, is_over, is_taken_away, may_have_opened, run_of
from drkit.errors import DrkitError
from drkit.model.record import Record, RunBegan
from drkit.model.step import RunKind
from drkit.reporting.moving import was_given_back

_KEYS = ("ssh_key", "proof.key")
_LOG = logging.getLogger(__name__)


def drop_keys(runs: RunsFolder, region: str, store: OutsideStore, now: datetime) -> None:
    """Remove those that nobody needs any more, of runs of a site that is held. What cannot be read
    or removed stays, and is looked at again by the next command.
    """
    having = {path: path.relative_to(runs.path).parts[0] for path in _keys(runs.path)}
    ours = {run for run in having.values() if kind_of(run, region)}
    try:
        left = left_generations(store, region) if ours else {}
        idle = {run for run in ours if _is_idle(runs, run, region, left, now)}
        for path in (path for path, run in having.items() if run in idle):
            path.unlink(missing_ok=True)
    except (DrkitError, OSError) as error:
        _LOG.warning("keys of runs of %s that are over stay in their folders: %s", region, error)


def _keys(folder: Path) -> Iterator[Path]:
    """Those of the site that a run builds, and of the one that served meanwhile."""
    for name in _KEYS:
        yield from folder.glob(f"*/{name}")
        yield from folder.glob(f"*/*/{name}")


def _is_idle(
    runs: RunsFolder, run: str, region: str, left: Mapping[int, LeftGeneration], now: datetime
) -> bool:
    try:
        records = runs.records(run)
    except DrkitError:
        return False
    began = run_of(records)
    if began is None:
        return False
    over = is_over(records) or was_given_back(records) or began.kind is RunKind.VALIDATE
    if not over and runs.newest_name(began.kind, region) == run:
        return False
    last_of_it = runs.newest_of(began.target) == runs.folder(run)
    return not last_of_it or _is_settled(began, records, left, now)


def _is_settled(
    began: RunBegan, records: tuple[Record, ...], left: Mapping[int, LeftGeneration], now: datetime
) -> bool:
    """Whether no run builds upon what this one has built, and nobody looks around in it."""
    word = left.get(began.target.generation)
    if may_have_opened(records) or is_left(records) or is_taken_away(records):
        return True
    if began.kind is RunKind.VALIDATE:  # its word is taken away with the copy
        return word is None or word.may_go(now)
    return word is not None
