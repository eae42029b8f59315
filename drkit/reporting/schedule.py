"""When each step that is left will run: decides it as the engine does, step by step.

What needs nothing that is left begins at once, within the bound the most urgent first; a gate takes
no place in the bound. Refuses to let anything happen before now.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

Urgency = tuple[float, float, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A step that is not over. ``began`` is None for one that has yet to begin (anew)."""

    needs: tuple[str, ...]
    """Of those that are left."""
    lasts: timedelta
    began: datetime | None
    gate: bool
    urgency: Urgency


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """When a step begins and ends, or is expected to."""

    start: datetime
    end: datetime


def schedule(
    left: Mapping[str, Left], *, now: datetime, bound: int | None = None
) -> dict[str, Leg]:
    """Step → its leg. One that has run for longer than it should ends now: later cannot be said.

    Without ``bound`` no step waits for room, so that the ends are those of the longest ways.
    """
    desk = _Desk(left, room=len(left) if bound is None else bound)
    for name, step in left.items():
        if step.began is not None:
            desk.begin(name, now)
    for name, step in left.items():
        if step.began is None and not step.needs:
            desk.offer(name)
    at = now
    while True:
        desk.begin_ready(at)
        if not desk.ends:
            return desk.legs
        # all that end at once, and only then the choice, as the engine does
        at = desk.ends[0][0]
        while desk.ends and desk.ends[0][0] == at:
            desk.end(heapq.heappop(desk.ends)[1])


class _Desk:
    """What runs, what is ready, and how much room is left."""

    def __init__(self, left: Mapping[str, Left], *, room: int) -> None:
        self.legs: dict[str, Leg] = {}
        self.ends: list[tuple[datetime, str]] = []
        self._left = left
        self._room = room
        self._ready: list[tuple[Urgency, str]] = []
        self._gates: list[str] = []
        self._missing = {name: len(step.needs) for name, step in left.items()}
        self._behind: dict[str, list[str]] = {name: [] for name in left}
        for name, step in left.items():
            for need in step.needs:
                self._behind[need].append(name)

    def offer(self, name: str) -> None:
        if self._left[name].gate:
            self._gates.append(name)
        else:
            heapq.heappush(self._ready, (self._left[name].urgency, name))

    def begin_ready(self, at: datetime) -> None:
        while self._gates:
            self.begin(self._gates.pop(), at)
        while self._ready and self._room > 0:
            self.begin(heapq.heappop(self._ready)[1], at)

    def begin(self, name: str, at: datetime) -> None:
        step = self._left[name]
        start = step.began or at
        self.legs[name] = Leg(start=start, end=max(start + step.lasts, at))
        heapq.heappush(self.ends, (self.legs[name].end, name))
        self._room -= not step.gate

    def end(self, name: str) -> None:
        self._room += not self._left[name].gate
        for waiting in self._behind[name]:
            self._missing[waiting] -= 1
            if not self._missing[waiting]:
                self.offer(waiting)
