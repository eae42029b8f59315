"""A clock that stands still until somebody moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 14, 3, 0, tzinfo=UTC)


class VirtualClock:
    """Implements :class:`drkit.ports.Clock`."""

    def __init__(self) -> None:
        self.passed = timedelta(0)
        self._set = timedelta(0)

    def now(self) -> datetime:
        return START + self.passed + self._set

    def steady(self) -> timedelta:
        return self.passed

    def move(self, by: timedelta) -> None:
        self.passed += by

    def set_by(self, by: timedelta) -> None:
        """Somebody sets the wall clock; no time passes."""
        self._set += by
