"""A journal in memory, which can be made to lose its power at any record."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from drkit.model.record import Body, Record
from tests.fakes.clock import START


class PowerLostError(Exception):
    """drkit died here."""


class MemoryJournal:
    """Implements :class:`drkit.ports.Journal`. Dies once it holds ``dies_at`` records."""

    def __init__(
        self,
        records: Iterable[Record] = (),
        *,
        now: Callable[[], datetime] = lambda: START,
        dies_at: int | None = None,
    ) -> None:
        self._records = list(records)
        self._now = now
        self._dies_at = dies_at

    def append(self, *bodies: Body) -> tuple[Record, ...]:
        at, start = self._now(), len(self._records)
        written = tuple(Record(seq=start + n, at=at, body=body) for n, body in enumerate(bodies))
        for record in written:
            if len(self._records) == self._dies_at:
                raise PowerLostError
            self._records.append(record)
        return written

    def records(self, *, since: int = 0) -> tuple[Record, ...]:
        return tuple(self._records[since:])
