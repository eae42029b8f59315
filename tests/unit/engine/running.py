"""One drkit at work on a graph in virtual time; and another one after it, on the same world."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from drkit.engine.decide import Pass
from drkit.engine.loop import Hands, Stand, Stop, run_steps
from drkit.engine.progress import stand
from drkit.model.outcome import Outcome, State
from drkit.planning.graph import Graph
from drkit.ports import Consent, Observer
from tests.fakes.attempts import FakeWorld, VirtualAttempts
from tests.fakes.clock import VirtualClock
from tests.fakes.consent import ScriptedConsent
from tests.fakes.journal import MemoryJournal
from tests.fakes.observer import Remembering


@dataclass(slots=True, kw_only=True)
class Company:
    """All that a run acts through, for looking at afterwards."""

    graph: Graph
    world: FakeWorld = field(default_factory=FakeWorld)
    clock: VirtualClock = field(default_factory=VirtualClock)
    journal: MemoryJournal = field(default_factory=MemoryJournal)
    consent: Consent = field(default_factory=ScriptedConsent)
    observer: Remembering = field(default_factory=Remembering)
    durations: Mapping[str, timedelta] = field(default_factory=dict)
    outcomes: Mapping[str, Outcome | Sequence[Outcome]] = field(default_factory=dict)
    priority: Mapping[str, tuple[float, float, int]] = field(default_factory=dict)
    stops: list[Stop] = field(default_factory=list)
    """What the person says at each turn of the loop; the last word stays."""
    max_parallel: int = 8
    may_wait: bool = False
    pause: timedelta = timedelta(seconds=3)
    """Between two tries of a step."""
    told: Observer | None = None
    """Who is told instead of ``observer``."""
    attempts: VirtualAttempts = field(init=False)

    def run(self) -> Stand:
        self.attempts = VirtualAttempts(
            self.clock, self.world, durations=self.durations, outcomes=self.outcomes
        )
        in_order = {name: (0.0, 0.0, index) for index, name in enumerate(self.graph.steps)}
        hands = Hands(
            journal=self.journal,
            attempts=self.attempts,
            consent=self.consent,
            observer=self.told or self.observer,
            clock=self.clock,
            stop=self._stop,
            may_wait=self.may_wait,
            pause=lambda made: self.pause * made,
        )
        pass_ = Pass(
            graph=self.graph,
            priority=self.priority or in_order,
            max_parallel=self.max_parallel,
        )
        return run_steps(pass_, hands)

    def states(self) -> Mapping[str, State]:
        return stand(self.journal.records()).states

    def _stop(self) -> Stop:
        if len(self.stops) > 1:
            return self.stops.pop(0)
        return self.stops[0] if self.stops else Stop.NO
