"""The results of the probe: JSON lines beside the plan, outside of every site.

Decides where the current row of failures of each process begins, and what may be forgotten. It
refuses to remember: a row with an hour in it in which nobody looked is no unbroken row. The file
is read from its end, once for all processes, and only as far back as their rows go; it is cut down
when it has grown large, and the rows that last still are kept.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path

from drkit.adapters.codec import format_time, parse_time
from drkit.adapters.private import private_file, private_folder
from drkit.reporting.seen import Failing

HOLE = timedelta(hours=1)
"""Longest time between two results (and from the last one to now) of an unbroken row."""

LARGEST = 8 << 20
"""Bytes, after which the file is cut down: most of a day of five processes, every five seconds."""

_BLOCK = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One question to one process. ``said`` is why it does not count as an answer."""

    at: datetime
    """When it was asked."""
    process: str
    ok: bool
    said: str


def probe_file(root: Path) -> Path:
    """Where the results lie: ``root`` is the plan's folder."""
    return root / ".drkit" / "probe.jsonl"


def append(path: Path, results: Iterable[Result], *, largest: int = LARGEST) -> None:
    """One JSON line for each result; a file beyond ``largest`` bytes is cut down first."""
    private_folder(path.parent)
    if path.exists() and path.stat().st_size > largest:
        _cut_down(path)
    with private_file(path, "a") as file:
        file.write("".join(map(_line, results)))


def rows_of_failures(
    path: Path, processes: Iterable[str], *, now: datetime | None = None
) -> Mapping[str, Failing]:
    """The current unbroken row of failures of each process that has one.

    None has a process whose last result was an answer, that has no result, or at which nobody
    looked for longer than :data:`HOLE` (``now`` is the clock's unless given). Lines that are no
    results (one torn by a crash) are passed over.
    """
    later = dict.fromkeys(processes, now or datetime.now(UTC))
    found: dict[str, Failing] = {}
    for result in _backward(path):
        for process in [name for name, at in later.items() if at - result.at > HOLE]:
            del later[process]  # nobody looked for so long: its row, if any, begins after that
        if not later:
            break
        if result.process not in later:
            continue
        if result.ok:
            del later[result.process]
            if row := found.get(result.process):
                found[result.process] = Failing(start=row.start, observed=True)
        else:
            later[result.process] = result.at
            found[result.process] = Failing(start=result.at, observed=False)
    return found


def recovered_since(path: Path, moment: datetime) -> bool:
    """Whether a process that failed at ``moment`` was seen to answer after it."""
    answered: set[str] = set()
    for result in _backward(path):
        if result.at > moment:
            if result.ok:
                answered.add(result.process)
            continue
        if result.process in answered:
            if not result.ok:
                return True
            answered.remove(result.process)
        if not answered:
            return False
    return False


def _cut_down(path: Path) -> None:
    """Keep what :func:`rows_of_failures` needs; the rest goes to one older file, the last of its
    kind. A reader finds the one or the other, never nothing.
    """
    older, fresh = path.with_suffix(".older.jsonl"), path.with_suffix(".new")
    results = list(_backward(path))[::-1]
    with private_file(fresh, "w") as file:
        file.write("".join(map(_line, _needed(results))))
    older.unlink(missing_ok=True)
    older.hardlink_to(path)
    fresh.replace(path)


def _needed(results: list[Result]) -> Iterator[Result]:
    """Of each process the last answer and what failed since: so thinned out that no hole comes of
    it. In the order given.
    """
    by_process: dict[str, list[int]] = {}
    for number, result in enumerate(results):
        row = by_process.setdefault(result.process, [])
        if result.ok:
            row.clear()
        if len(row) > 2 and result.at - results[row[-2]].at <= HOLE:
            row.pop()
        row.append(number)
    yield from (results[number] for number in sorted(chain(*by_process.values())))


def _backward(path: Path) -> Iterator[Result]:
    """The results in ``path``, the newest first; none if there is no file."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        left, rest = file.seek(0, os.SEEK_END), b""
        while left:
            size = min(_BLOCK, left)
            left -= size
            file.seek(left)
            first, *lines = (file.read(size) + rest).split(b"\n")
            rest = first
            yield from filter(None, map(_result, reversed(lines)))
        if result := _result(rest):
            yield result


def _line(result: Result) -> str:
    entry = {
        "at": format_time(result.at),
        "process": result.process,
        "ok": result.ok,
        "said": result.said,
    }
    return json.dumps(entry) + "\n"


def _result(line: bytes) -> Result | None:
    try:
        entry = json.loads(line)
        return Result(
            at=parse_time(entry["at"]),
            process=entry["process"],
            ok=entry["ok"],
            said=entry["said"],
        )
    except (ValueError, KeyError, TypeError):
        return None
