"""Durations, moments and money as people write them, and back.

A number without its unit is refused: "30" in a plan means seconds to one reader and minutes to
the next.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation

_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_PART = re.compile(r"(\d+(?:\.\d+)?)([dhms])")


def parse_duration(text: str) -> timedelta:
    """``"1h30m"`` → 5400 s. Raises ValueError that shows the form for anything else."""
    if not isinstance(text, str) or not re.fullmatch(r"(?:\d+(?:\.\d+)?[dhms])+", text):
        raise ValueError(
            f"{text!r} is no duration: write a number and a unit, as 90s, 30m, 1h30m, 2d"
        )
    return timedelta(seconds=sum(float(n) * _UNITS[unit] for n, unit in _PART.findall(text)))


def format_duration(value: timedelta) -> str:
    """The two largest units that matter: ``2h 5m``, ``41s``, ``0.8s`` below ten seconds."""
    seconds = value.total_seconds()
    if seconds < 0:
        return "-" + format_duration(-value)
    if seconds < 10:
        return f"{seconds:.1f}".rstrip("0").rstrip(".") + "s"
    left = round(seconds)
    parts: list[str] = []
    for unit, size in _UNITS.items():
        if left >= size and len(parts) < 2:
            parts.append(f"{left // size}{unit}")
        left %= size
    return " ".join(parts)


def format_moment(moment: datetime) -> str:
    """``2026-03-14 03:12:05 UTC``, of an aware moment."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount in hundredths of a currency unit; never a float."""

    cents: int
    currency: str

    def __str__(self) -> str:
        return f"{self.cents / 100:,.2f} {self.currency}"

    def __add__(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise ValueError(f"{self.currency} and {other.currency} cannot be added")
        return Money(self.cents + other.cents, self.currency)


@dataclass(frozen=True, slots=True)
class Impact:
    """What a process loses while it is down, per day."""

    per_day: Money

    def over(self, down: timedelta) -> Money:
        """The loss of ``down``, rounded to the nearest hundredth."""
        share = Decimal(str(down.total_seconds())) / 86400
        return Money(round(self.per_day.cents * share), self.per_day.currency)


def parse_impact(text: str, *, currency: str) -> Impact:
    """``"50000/day"`` or ``"2000/hour"`` → :class:`Impact`. Raises ValueError with the form."""
    match = (
        re.fullmatch(r"([\d_]+(?:\.\d{1,2})?)/(day|hour)", text) if isinstance(text, str) else None
    )
    if match is None:
        raise ValueError(f"{text!r} is no impact: write an amount per day or hour, as 50000/day")
    try:
        amount = Decimal(match[1].replace("_", ""))
    except InvalidOperation as error:
        raise ValueError(f"{match[1]!r} is no amount") from error
    per_day = amount * (24 if match[2] == "hour" else 1)
    return Impact(Money(int(per_day * 100), currency))
