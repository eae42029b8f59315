"""The copies of journals outside, brought to this machine, so that it can carry on with any run.

The bucket is the truth wherever two differ: its segments were written by whoever had the lease. A
file that says something else (its owner went on after the run was taken from it) is kept beside,
under another name. A file that only says more was not sent to its end, and is left as it is.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from drkit.adapters.held import HEAD, journal_place, segment
from drkit.adapters.journal_file import read_journal
from drkit.adapters.journal_lines import parse_lines
from drkit.adapters.outside_store import OutsideStore, Stored
from drkit.adapters.private import private_folder
from drkit.adapters.runs_folder import RunsFolder, kind_of
from drkit.engine.progress import is_over
from drkit.errors import JournalDamaged
from drkit.model.record import Record

_SIDE_BY_SIDE = 8
"""Segments fetched at once: each costs a round trip."""


def runs_outside(store: OutsideStore, region: str) -> tuple[str, ...]:
    """The ids of all runs of a site that the bucket has, newest first."""
    names = store.names(f"journals/{region}/")
    return tuple(sorted((n.rstrip("/") for n in names if n.endswith("/")), reverse=True))


def records_outside(store: OutsideStore, region: str, run: str) -> tuple[Record, ...]:
    """The records of a run as they stand in the bucket. Raises JournalDamaged."""
    place = journal_place(region, run)
    return parse_lines(_fetched(store, place, _firsts(store, place)), place).records


def records_known(
    store: OutsideStore, runs: RunsFolder, region: str, run: str
) -> tuple[Record, ...]:
    """What is known of a run, and nothing brought here: one that is over here is read here alone,
    for what is not may have been carried on by another machine; then the longer copy counts.

    Raises JournalDamaged, ConfigurationError.
    """
    path = runs.journal(run)
    here = read_journal(path) if path.exists() else ()
    if here and is_over(here):
        return here
    there = records_outside(store, region, run)
    return here if len(here) > len(there) else there


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A part of a journal as it stands in the bucket."""

    first: int
    """The number of its first record, by its name."""
    body: bytes
    note: str
    """What is said to be the signed head as it ends; empty where there is none."""


def segments_outside(store: OutsideStore, region: str, run: str) -> tuple[Segment, ...]:
    """The segments of a run in order. Raises JournalDamaged for what is none."""
    place = journal_place(region, run)
    firsts = _firsts(store, place)
    found = zip(firsts, _stored(store, place, firsts), strict=True)
    return tuple(
        Segment(first=first, body=stored.body, note=stored.notes.get(HEAD, ""))
        for first, stored in found
    )


def bring_newest(store: OutsideStore, runs: RunsFolder, region: str) -> None:
    """Bring the newest run of each kind here: what a command looks at before it begins one."""
    seen: set[str] = set()
    for run in runs_outside(store, region):
        kind = kind_of(run, region)
        if kind and kind not in seen:
            seen.add(kind)
            bring(store, runs, region, run)


def bring(store: OutsideStore, runs: RunsFolder, region: str, run: str) -> int:
    """Make the file of ``run`` here say at least what the bucket says; returns how many records
    the bucket has. Raises JournalDamaged, ConfigurationError.
    """
    place, path = journal_place(region, run), runs.journal(run)
    firsts = _firsts(store, place)
    here = _whole_lines(path)
    # hashes are chained: where the last segment that both have is the same, so is all before it
    common = max((first for first in firsts if first < len(here)), default=0)
    there = _fetched(store, place, tuple(f for f in firsts if f >= common))
    if not _agree(b"".join(here[common:]), there):
        common, there = 0, _fetched(store, place, firsts)
    mine, theirs = b"".join(here), b"".join(here[:common]) + there
    if not mine.startswith(theirs):
        parse_lines(theirs, place)  # nothing that is damaged takes a file's place
        _put_down(runs, run, theirs, keep=not theirs.startswith(mine))
    return theirs.count(b"\n")


def _whole_lines(path: Path) -> list[bytes]:
    """A last line that a crash tore was never sent, and says nothing."""
    data = path.read_bytes() if path.exists() else b""
    return data[: data.rfind(b"\n") + 1].splitlines(keepends=True)


def _agree(one: bytes, other: bytes) -> bool:
    """Whether one goes on where the other ends."""
    return one.startswith(other) or other.startswith(one)


def _firsts(store: OutsideStore, place: str) -> tuple[int, ...]:
    """The number of the first record of each segment, in order."""
    names = [name for name in store.names(f"{place}/") if name.endswith(".jsonl")]
    try:
        return tuple(sorted(int(name.removesuffix(".jsonl")) for name in names))
    except ValueError as error:
        raise JournalDamaged(f"{place} in the bucket outside holds what is no segment") from error


def _fetched(store: OutsideStore, place: str, firsts: tuple[int, ...]) -> bytes:
    return b"".join(stored.body for stored in _stored(store, place, firsts))


def _stored(store: OutsideStore, place: str, firsts: tuple[int, ...]) -> tuple[Stored, ...]:
    def one(first: int) -> Stored:
        stored = store.read(segment(place, first))
        if stored is None:
            raise JournalDamaged(f"{place}: segment {first} went away while it was read")
        return stored

    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        return tuple(pool.map(one, firsts))


def _put_down(runs: RunsFolder, run: str, content: bytes, *, keep: bool) -> None:
    path = runs.journal(run)
    private_folder(runs.path.parent)
    private_folder(runs.path)
    private_folder(path.parent)
    private_folder(path.parent / "logs")
    if keep:
        _set_aside(path)
    fresh = path.with_suffix(".new")
    with fresh.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _set_aside(path: Path) -> None:
    for number in range(1, 1000):
        aside = path.with_name(f"journal.{number}.overtaken.jsonl")
        if not aside.exists():
            path.rename(aside)
            return
