"""An observer that remembers all that it was told."""

from __future__ import annotations

from datetime import datetime

from drkit.model.record import Record


class Remembering:
    """Implements :class:`drkit.ports.Observer`."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.lines: list[tuple[str, str]] = []
        self.ticks: list[datetime] = []

    def recorded(self, record: Record) -> None:
        self.records.append(record)

    def progressed(self, step: str, line: str) -> None:
        self.lines.append((step, line))

    def ticked(self, now: datetime) -> None:
        self.ticks.append(now)
