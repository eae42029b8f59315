"""Durations and times as every JSON of a result has them: seconds, and ISO 8601 UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def seconds(length: timedelta | None) -> float | None:
    """What is not known is null."""
    return round(length.total_seconds(), 3) if length is not None else None


def moment(at: datetime) -> str:
    """To the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
