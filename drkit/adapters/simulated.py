"""Tools that do nothing, in a time that passes at once: for the same engine, journal and graph.

Simulated time jumps from one event to the next, so that an hour costs milliseconds. Nothing of the
world is read or touched; what a simulation says is as good as the durations it is given.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from drkit.engine.gates import overdue
from drkit.engine.loop import Ended, Said
from drkit.model.outcome import Failure, Outcome, State
from drkit.model.record import Body, GateAnswered, GateOverdue, Record, StepStarted
from drkit.model.step import GateWork, Step

BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
"""Of every simulation: a date that nobody takes for one that was."""


class How(StrEnum):
    """What goes wrong with a step."""

    FAILED = "failed"
    """Every try fails, and no further one is worth it."""
    ONCE = "once"
    """The first try gets no answer; a further one, if it has one, is well."""
    UNKNOWN = "unknown"
    """The first try vanishes half-way; the next looks, and does it again."""
    TIMEOUT = "timeout"
    """Every try hangs until its limit."""
    SLOW = "slow"
    """It takes three times as long."""


class SimulatedClock:
    """Stands still until the attempts let time pass."""

    def __init__(self) -> None:
        self._now = BEGINNING

    def now(self) -> datetime:
        return self._now

    def steady(self) -> timedelta:
        return self._now - BEGINNING

    def pass_to(self, moment: datetime) -> None:
        self._now = max(self._now, moment)


class MemoryJournal:
    """The records of one simulation, kept nowhere else."""

    def __init__(self, clock: SimulatedClock) -> None:
        self._clock = clock
        self._records: list[Record] = []

    def append(self, *bodies: Body) -> tuple[Record, ...]:
        at, start = self._clock.now(), len(self._records)
        written = tuple(Record(seq=start + i, at=at, body=body) for i, body in enumerate(bodies))
        self._records.extend(written)
        return written

    def records(self, *, since: int = 0) -> tuple[Record, ...]:
        return tuple(self._records[since:])


@dataclass(order=True, slots=True)
class _Event:
    at: datetime
    order: int
    ended: Ended | None = field(compare=False)
    """None: nothing ends, but somebody wants to be asked again."""


class SimulatedAttempts:
    """Implements :class:`drkit.engine.loop.Attempts`: tries that only last."""

    def __init__(
        self,
        clock: SimulatedClock,
        lasts: Callable[[Step], timedelta],
        faults: Mapping[str, How],
    ) -> None:
        self._clock = clock
        self._lasts = lasts
        self._faults = faults
        self._events: list[_Event] = []
        self._count = 0

    def prepare(self, step: Step, number: int) -> StepStarted:
        return StepStarted(step=step.id, number=number, digest="", log="")

    def start(self, step: Step, number: int, *, look_first: bool) -> None:
        del look_first  # what a simulated try left half-way is done again
        elapsed, outcome = self._end(step, number)
        self._push(elapsed, Ended(step=step.id, outcome=outcome, elapsed=elapsed))

    def wake_in(self, pause: timedelta) -> None:
        """Let time stop there, too: a person will have made up their mind."""
        self._push(pause, None)

    def wait(self, limit: timedelta) -> Iterator[Said | Ended]:
        """Jump to the next event; ``limit`` counts only where there is none."""
        if not self._events:
            self._clock.pass_to(self._clock.now() + limit)
            return
        self._clock.pass_to(self._events[0].at)
        while self._events and self._events[0].at <= self._clock.now():
            event = heapq.heappop(self._events)
            if event.ended is not None:
                yield event.ended

    def stop(self) -> None:
        self._events.clear()

    def _push(self, pause: timedelta, ended: Ended | None) -> None:
        self._count += 1
        at = self._clock.now() + pause
        heapq.heappush(self._events, _Event(at=at, order=self._count, ended=ended))

    def _end(self, step: Step, number: int) -> tuple[timedelta, Outcome]:
        lasts = self._lasts(step)
        match self._faults.get(step.id):
            case How.FAILED:
                return lasts, _failed("it fails, as was asked for")
            case How.ONCE if number == 1:
                return lasts, _failed("no answer, as was asked for", transient=True)
            case How.UNKNOWN if number == 1:
                said = "its process vanished, as was asked for"
                return lasts / 2, Outcome(state=State.UNKNOWN, message=said)
            case How.TIMEOUT:
                said = "it hangs until its limit, as was asked for"
                limit = min(step.limit, step.stalled or step.limit)
                return limit, Outcome(state=State.UNKNOWN, message=said)
            case How.SLOW:
                return lasts * 3, Outcome(state=State.DONE)
            case _:
                return lasts, Outcome(state=State.DONE)


def _failed(message: str, *, transient: bool = False) -> Outcome:
    failures = (Failure(message=message),)
    return Outcome(state=State.FAILED, message=message, failures=failures, transient=transient)


class SimulatedPerson:
    """Says yes to every gate, after the time that a person takes; by then it may be too late."""

    def __init__(
        self, clock: SimulatedClock, attempts: SimulatedAttempts, takes: Callable[[Step], timedelta]
    ) -> None:
        self._clock = clock
        self._attempts = attempts
        self._takes = takes
        self._answers_at: dict[str, datetime] = {}

    def answer(self, step: Step, waited: timedelta) -> GateAnswered | GateOverdue | None:
        if not isinstance(step.work, GateWork):
            return None
        if step.id not in self._answers_at:
            takes = self._takes(step)
            self._answers_at[step.id] = self._clock.now() + takes
            for moment in {takes, step.work.limit or takes}:
                self._attempts.wake_in(moment)
        roles = step.work.asks(waited)
        if not roles or self._clock.now() < self._answers_at[step.id]:
            return overdue(step, waited)
        return GateAnswered(
            step=step.id, person="", role=roles[0], consent=True, comment="simulated", signed=False
        )
