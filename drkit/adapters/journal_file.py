"""The journal of a run as JSON Lines on this machine: append, fsync, hash-chained, under flock.

What a line is: :mod:`drkit.adapters.journal_lines`. Invariant: a record that ``append`` returned is
on the disk. Why a torn line is safe: it was never returned, so nothing was started on the strength
of it; opening to write cuts it off, and so does an append that finds no room.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from io import FileIO
from pathlib import Path

from drkit.adapters.journal_lines import GENESIS, Parsed, parse_lines, write_lines
from drkit.errors import JournalDamaged, RunBusy
from drkit.model.record import Body, Record


def read_journal(path: Path) -> tuple[Record, ...]:
    """Every whole record of the file. Raises JournalDamaged that names the line."""
    return _parse(path).records


def first_record(path: Path) -> Record | None:
    """The first record of the file, and nothing read of the others; None: there is no whole one.
    Raises JournalDamaged.
    """
    try:
        with path.open("rb") as file:
            line = file.readline()
    except FileNotFoundError as error:
        raise JournalDamaged(f"there is no journal at {path}") from error
    return next(iter(parse_lines(line, str(path)).records), None)


class JournalFile:
    """The one writer of a journal. Use as a context manager; a second writer gets RunBusy."""

    def __init__(self, path: Path, *, now: Callable[[], datetime]) -> None:
        self._path = path
        self._now = now
        self._file: FileIO | None = None
        self._records: list[Record] = []
        self._last = GENESIS

    def __enter__(self) -> JournalFile:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with ExitStack() as undo:
            # no buffer: what a full disk did not take would be written once more when it is closed
            file = undo.enter_context(self._path.open("a+b", buffering=0))
            self._lock(file)
            parsed = _parse(self._path)
            self._records, self._last = list(parsed.records), parsed.last
            file.truncate(parsed.whole)
            _sync_folder(self._path.parent)
            undo.pop_all()
        self._file = file
        return self

    def _lock(self, file: FileIO) -> None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RunBusy(
                f"another drkit works on the run {self._path.parent.name}",
                remedy="wait for it, or stop it with Ctrl-C where it runs",
            ) from error

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def append(self, *bodies: Body) -> tuple[Record, ...]:
        """Write ``bodies`` in order with one fsync. Returns once they are durable."""
        return self.append_lines(*bodies)[0]

    def append_lines(self, *bodies: Body) -> tuple[tuple[Record, ...], bytes]:
        """As :meth:`append`; returns the lines as well, for a second place.

        Raises OSError with the file's name where they cannot be written: it is as it was.
        """
        if self._file is None:
            raise JournalDamaged("the journal is not open for writing")
        at = self._now()
        start = len(self._records)
        written = tuple(
            Record(seq=start + index, at=at, body=body) for index, body in enumerate(bodies)
        )
        lines, last = write_lines(written, self._last)
        self._write(self._file, lines)
        self._last = last
        self._records.extend(written)
        return written, lines

    def _write(self, file: FileIO, lines: bytes) -> None:
        before, left = os.fstat(file.fileno()).st_size, memoryview(lines)
        try:
            while left:
                left = left[file.write(left) :]
            os.fsync(file.fileno())
        except OSError as error:
            file.truncate(before)
            raise OSError(error.errno, error.strerror, str(self._path)) from error

    def lines_since(self, count: int) -> bytes:
        """The lines after the first ``count``, as they stand in the file."""
        return b"".join(self._path.read_bytes().splitlines(keepends=True)[count:])

    def records(self, *, since: int = 0) -> tuple[Record, ...]:
        return tuple(self._records[since:])


def _sync_folder(folder: Path) -> None:
    """Without this a power failure can lose the file itself, however well its lines are kept."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _parse(path: Path) -> Parsed:
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise JournalDamaged(f"there is no journal at {path}") from error
    return parse_lines(data, str(path))
