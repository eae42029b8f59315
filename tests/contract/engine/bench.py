"""Attempts on a bench: steps that go well, badly or never end, and what they really did."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from drkit.engine.loop import Attempts, Ended, Said
from drkit.model.outcome import Outcome
from drkit.model.step import Step
from tests.fakes.attempts import FAILED, FakeWorld, VirtualAttempts
from tests.fakes.clock import VirtualClock
from tests.fakes.graphs import step
from tests.integration.attempts.trying import Tries

TICK = timedelta(milliseconds=50)
LONG = timedelta(hours=1)
MOST_TURNS = 600
"""Half a minute of ticks where time is real, and sooner than any limit would end a step."""


class Ground(Protocol):
    """Where attempts work: makes their steps, and knows what became of them."""

    def well(self, name: str) -> Step: ...

    def badly(self, name: str) -> Step: ...

    def forever(self, name: str) -> Step: ...

    def effects(self) -> list[str]:
        """A name for each time that a step had its effect."""

    def passed(self) -> timedelta:
        """Monotonic time, as these attempts have it."""


class ProcessGround:
    """Programs in processes of their own, whose effect is a line in a file."""

    def __init__(self, tries: Tries) -> None:
        self._tries = tries

    def well(self, name: str) -> Step:
        line = f'with open(here / "effects", "a") as file:\n    file.write("{name}\\n")'
        return self._tries.program(name, line)

    def badly(self, name: str) -> Step:
        return self._tries.program(name, 'raise ValueError("it failed")')

    def forever(self, name: str) -> Step:
        return self._tries.program(name, "time.sleep(600)", limit=LONG)

    def effects(self) -> list[str]:
        file: Path = self._tries.root / "effects"
        return file.read_text().split() if file.exists() else []

    def passed(self) -> timedelta:
        return timedelta(seconds=time.monotonic())


class VirtualGround:
    """The world and the clock of the fake."""

    def __init__(self) -> None:
        self._clock, self._world = VirtualClock(), FakeWorld()
        self._outcomes: dict[str, Outcome] = {}
        self._durations: dict[str, timedelta] = {}
        self.attempts = VirtualAttempts(
            self._clock, self._world, durations=self._durations, outcomes=self._outcomes
        )

    def well(self, name: str) -> Step:
        return step(name)

    def badly(self, name: str) -> Step:
        self._outcomes[name] = FAILED
        return step(name)

    def forever(self, name: str) -> Step:
        self._durations[name] = LONG
        return step(name)

    def effects(self) -> list[str]:
        return [name for name, times in self._world.effects.items() for _ in range(times)]

    def passed(self) -> timedelta:
        return self._clock.passed


@dataclass(slots=True, kw_only=True)
class Bench:
    """Attempts, their ground, and every event so far in its order."""

    attempts: Attempts
    ground: Ground
    events: list[Said | Ended] = field(default_factory=list)

    def start(self, *steps: Step, number: int = 1) -> None:
        for one in steps:
            self.attempts.start(one, number, look_first=False)

    def ends(self, name: str) -> list[Ended]:
        return [e for e in self.events if isinstance(e, Ended) and e.step == name]

    def turn(self, limit: timedelta = TICK) -> None:
        self.events += self.attempts.wait(limit)

    def until(self, what: Callable[[], object]) -> None:
        for _ in range(MOST_TURNS):
            if what():
                return
            self.turn()
        raise AssertionError(f"not within {MOST_TURNS} turns: {self.events}")

    def to_the_end(self, *names: str) -> list[Ended]:
        """The end of each, which must be its only one."""
        self.until(lambda: all(self.ends(name) for name in names))
        found = [self.ends(name) for name in names]
        assert [len(ends) for ends in found] == [1] * len(names)
        return [ends[0] for ends in found]
