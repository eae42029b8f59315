"""Tries in virtual time, in a world that remembers what was really done to it.

A step has an effect when its time is over, whether or not anybody lives to record it; a second
effect of the same step is what a resume must never cause.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from drkit.engine.loop import Ended, Said
from drkit.model.outcome import Outcome, State
from drkit.model.record import StepStarted
from drkit.model.step import Step
from tests.fakes.clock import VirtualClock

DONE = Outcome(state=State.DONE, changed=1)
FAILED = Outcome(state=State.FAILED, message="it failed")
UNKNOWN = Outcome(state=State.UNKNOWN, message="effect unknown: it was ended")


@dataclass(slots=True)
class FakeWorld:
    """Which steps had an effect, how often, across every drkit that worked on it."""

    effects: dict[str, int] = field(default_factory=dict)

    def take_effect(self, step: str) -> None:
        self.effects[step] = self.effects.get(step, 0) + 1


class VirtualAttempts:
    """Implements :class:`drkit.engine.loop.Attempts`."""

    def __init__(
        self,
        clock: VirtualClock,
        world: FakeWorld,
        *,
        durations: Mapping[str, timedelta] | None = None,
        outcomes: Mapping[str, Outcome | Sequence[Outcome]] | None = None,
    ) -> None:
        """``outcomes`` has one for all tries of a step, or one for each, the last for the rest."""
        self._clock = clock
        self._world = world
        self._durations = {} if durations is None else durations
        self._outcomes = {} if outcomes is None else outcomes
        self._running: dict[str, tuple[timedelta, timedelta]] = {}
        self._stopped: list[str] = []
        self.started: list[str] = []
        self.looked: list[str] = []
        self.most_at_once = 0

    @property
    def running(self) -> tuple[str, ...]:
        return tuple(self._running)

    def prepare(self, step: Step, number: int) -> StepStarted:
        log = f"logs/{step.id}.{number}.log"
        return StepStarted(step=step.id, number=number, digest="", log=log)

    def start(self, step: Step, number: int, *, look_first: bool) -> None:
        now = self._clock.passed
        self.started.append(step.id)
        if look_first:
            self.looked.append(step.id)
        found = look_first and self._world.effects.get(step.id, 0) > 0
        lasts = timedelta(0) if found else self._durations.get(step.id, timedelta(seconds=1))
        self._running[step.id] = (now, now + lasts)
        self.most_at_once = max(self.most_at_once, len(self._running))

    def wait(self, limit: timedelta) -> Iterable[Said | Ended]:
        now = self._clock.passed
        ends = [end for _, end in self._running.values()]
        pause = min([limit, *(end - now for end in ends)])
        self._clock.move(max(pause, timedelta(0)))
        return [*self._end_stopped(), *self._end_due()]

    def stop(self) -> None:
        self._stopped = list(self._running)

    def _outcome(self, name: str) -> Outcome:
        found = self._outcomes.get(name, DONE)
        if isinstance(found, Outcome):
            return found
        return found[min(self.started.count(name), len(found)) - 1]

    def _end_stopped(self) -> Iterable[Ended]:
        for name in self._stopped:
            began, _ = self._running.pop(name)
            yield Ended(step=name, outcome=UNKNOWN, elapsed=self._clock.passed - began)
        self._stopped = []

    def _end_due(self) -> Iterable[Said | Ended]:
        now = self._clock.passed
        for name, (began, end) in list(self._running.items()):
            if end <= now:
                del self._running[name]
                outcome = self._outcome(name)
                if outcome.done and (name not in self.looked or not self._world.effects.get(name)):
                    self._world.take_effect(name)
                yield Said(step=name, line=f"{name} was worked on")
                yield Ended(step=name, outcome=outcome, elapsed=now - began)
