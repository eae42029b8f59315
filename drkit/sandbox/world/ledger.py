"""A partner's ledger: one SQLite file, entries with a time, each key written once and for good.

An entry is on disk before anybody hears of it, and nothing is ever changed or removed.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    seq INTEGER PRIMARY KEY,
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    kind TEXT NOT NULL,
    at TEXT NOT NULL,
    told TEXT NOT NULL,
    UNIQUE (scope, key)
)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    kind: str
    id: str
    key: str
    at: str
    """UTC, ISO 8601."""
    told: Mapping[str, object]
    """What the caller told, as the partner keeps it."""

    def json(self) -> dict[str, object]:
        return {**self.told, "kind": self.kind, "id": self.id, "key": self.key, "at": self.at}


class Ledger:
    def __init__(self, path: Path) -> None:
        self._path = path
        with self._open() as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(_SCHEMA)

    def write_once(
        self, scope: str, key: str, *, kind: str, told: Mapping[str, object]
    ) -> tuple[Entry, bool]:
        """The entry of ``key`` in ``scope``, and whether it is new. One that is there stays,
        whatever kind it is of: of two writers at once, both hear of the first."""
        at = _written(datetime.now(UTC))
        with self._open() as connection:
            wrote = connection.execute(
                "INSERT INTO entries (scope, key, kind, at, told) VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT (scope, key) DO NOTHING",
                (scope, key, kind, at, json.dumps(dict(told))),
            ).rowcount
            rows = connection.execute(
                "SELECT seq, kind, key, at, told FROM entries WHERE scope = ? AND key = ?",
                (scope, key),
            )
            return _entry(rows.fetchone()), wrote == 1

    def find(self, scope: str, key: str) -> Entry | None:
        with self._open() as connection:
            row = connection.execute(
                "SELECT seq, kind, key, at, told FROM entries WHERE scope = ? AND key = ?",
                (scope, key),
            ).fetchone()
        return None if row is None else _entry(row)

    def entries(self, since: datetime | None = None) -> list[Entry]:
        """All entries from ``since`` (aware) on, in the order they were written."""
        first = _written(since) if since else ""
        with self._open() as connection:
            rows = connection.execute(
                "SELECT seq, kind, key, at, told FROM entries WHERE at >= ? ORDER BY seq", (first,)
            ).fetchall()
        return [_entry(row) for row in rows]

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self._path, timeout=10)
        try:
            connection.execute("PRAGMA synchronous = FULL")
            with connection:
                yield connection
        finally:
            connection.close()


def _written(moment: datetime) -> str:
    """One form for all times, so that they compare as texts."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def _entry(row: tuple[int, str, str, str, str]) -> Entry:
    seq, kind, key, at, told = row
    return Entry(kind=kind, id=f"{kind[:3]}_{seq:08d}", key=key, at=at, told=json.loads(told))
