"""The customers' ledger: what the shop promised them, what failed, what they read, and when.

It belongs to nobody's region, and judges what a recovery lost: a promise is an order whose 201
reached the customer, at the time it did. Each line is in the file before the next request.
"""

from __future__ import annotations

import itertools
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, TextIO


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A time without a promised order; the seconds are those between its ends."""

    since: datetime
    until: datetime

    @property
    def seconds(self) -> float:
        return round((self.until - self.since).total_seconds(), 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    began: datetime
    ended: datetime
    visits: int
    held_back: int
    """Visits that did not begin because as many as allowed were under way."""
    reads: int
    promises: int
    total_cents: int
    failures: dict[str, int]
    """By what the customer wanted."""
    gap: Gap
    """The longest one, from the beginning to the end of the load."""

    def json(self) -> dict[str, Any]:
        gap = {
            "from": self.gap.since.isoformat(),
            "to": self.gap.until.isoformat(),
            "seconds": self.gap.seconds,
        }
        times = {"began": self.began.isoformat(), "ended": self.ended.isoformat()}
        return {**asdict(self), **times, "gap": gap}

    def text(self) -> str:
        failed = ", ".join(f"{what} {times}" for what, times in sorted(self.failures.items()))
        held = f" ({self.held_back} held back)" if self.held_back else ""
        return "\n".join(
            (
                f"visits    {self.visits}{held}, {self.reads} pages read",
                f"promised  {self.promises} orders, {self.total_cents / 100:.2f} EUR",
                f"failures  {sum(self.failures.values())}{f': {failed}' if failed else ''}",
                f"gap       {self.gap.seconds:.1f} s without a promised order, "
                f"{self.gap.since:%H:%M:%S} to {self.gap.until:%H:%M:%S} UTC",
            )
        )


def longest_gap(began: datetime, promises: Iterable[datetime], ended: datetime) -> Gap:
    """The longest time without a promise, ``began`` and ``ended`` counting as its ends too."""
    moments = [began, *sorted(promises), ended]
    since, until = max(itertools.pairwise(moments), key=lambda pair: pair[1] - pair[0])
    return Gap(since=since, until=until)


def _now() -> datetime:
    return datetime.now(UTC)


class Diary:
    """Written by all customers at once. ``file`` gets a line of JSON for each entry."""

    def __init__(self, file: TextIO | None, now: Callable[[], datetime] = _now) -> None:
        self._file, self._now, self._lock = file, now, threading.Lock()
        self._began = now()
        self._visits = self._held_back = self._reads = 0
        self._failures: Counter[str] = Counter()
        self._promises: dict[int, tuple[datetime, int]] = {}

    def came(self) -> None:
        with self._lock:
            self._visits += 1

    def was_held_back(self) -> None:
        with self._lock:
            self._held_back += 1

    def read(self, page: str, seconds: float) -> None:
        with self._lock:
            self._reads += 1
            self._write("read", page=page, seconds=round(seconds, 3))

    def promised(self, number: int, total_cents: int, customer: str) -> None:
        """An order was promised; heard again (the same answer to a repeat), it is one promise."""
        with self._lock:
            if number not in self._promises:
                self._promises[number] = (self._now(), total_cents)
                self._write("promise", number=number, total_cents=total_cents, customer=customer)

    def failed(self, what: str, reason: str, customer: str) -> None:
        with self._lock:
            self._failures[what] += 1
            self._write("failure", what=what, reason=reason, customer=customer)

    def summary(self) -> Summary:
        with self._lock:
            ended = self._now()
            return Summary(
                began=self._began,
                ended=ended,
                visits=self._visits,
                held_back=self._held_back,
                reads=self._reads,
                promises=len(self._promises),
                total_cents=sum(cents for _, cents in self._promises.values()),
                failures=dict(self._failures),
                gap=longest_gap(self._began, (at for at, _ in self._promises.values()), ended),
            )

    def _write(self, kind: str, **told: object) -> None:
        if self._file is not None:
            line = {"kind": kind, "at": self._now().isoformat(timespec="milliseconds"), **told}
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()
