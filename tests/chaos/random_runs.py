"""Runs of random graphs with random faults, which die at random records and are carried on.

In virtual time, with the real engine. The end of each is held against the same graph that nothing
has disturbed. One seed is one story, always the same.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from drkit.engine.loop import Stand, Stop
from drkit.model.outcome import SATISFIED, Outcome, State
from drkit.model.record import Record, StepEnded, StepStarted
from drkit.model.step import GateWork, Step
from drkit.planning.graph import Graph
from tests.fakes.attempts import DONE, FAILED, UNKNOWN, FakeWorld
from tests.fakes.consent import ScriptedConsent
from tests.fakes.graphs import graph, step
from tests.fakes.journal import MemoryJournal, PowerLostError
from tests.unit.engine.running import Company

LIVES = 400
"""A run that needs more commands than this is taken for one that never ends."""
NO_ANSWER = Outcome(state=State.FAILED, message="it does not answer", transient=True)
FAULTS: Sequence[Sequence[Outcome]] = (
    [NO_ANSWER],
    [UNKNOWN],
    [FAILED],
    [NO_ANSWER, UNKNOWN],
    [UNKNOWN, FAILED],
)
"""What tries of a step come to before one is well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What became of one run."""

    seed: int
    steps: int
    faults: int
    """Steps with some."""
    deaths: int
    stops: int
    """Times that a person ended it now."""
    commands: int
    tries: int
    twice: tuple[str, ...]
    """Steps whose effect was made more than once."""
    same: bool
    """Whether it came to the end of the undisturbed run."""


@dataclass(slots=True, kw_only=True)
class Told:
    """A run as it is lived through, command after command."""

    dice: random.Random
    graph: Graph
    faults: Mapping[str, Sequence[Outcome]]
    forgets: bool
    world: FakeWorld = field(default_factory=FakeWorld)
    records: tuple[Record, ...] = ()
    deaths: int = 0
    stops: int = 0
    commands: int = 0

    def live(self) -> None:
        """Until all is done, or for :data:`LIVES` commands."""
        while self.commands < LIVES and not self._is_done():
            self.commands += 1
            dies = self.dice.random() < 0.6
            at = len(self.records) + self.dice.randint(1, 25) if dies else None
            journal = MemoryJournal(self.records, dies_at=at)
            company = self._company(journal)
            try:
                stand = company.run()
            except PowerLostError:
                self.deaths += 1
                self.records = self._kept(journal.records())
            else:
                self.stops += stand is Stand.INTERRUPTED
                self.records = journal.records()

    def _company(self, journal: MemoryJournal) -> Company:
        turns = self.dice.randint(5, 60)
        stops = [Stop.NO] * turns + [Stop.NOW] if self.dice.random() < 0.2 else []
        return Company(
            graph=self.graph,
            world=self.world,
            journal=journal,
            consent=yes_to_all(self.graph),
            durations=durations(self.graph, self.dice),
            outcomes=self._left(),
            stops=stops,
        )

    def _left(self) -> dict[str, Sequence[Outcome]]:
        """The faults that are still to come, as far as the records know."""
        had = Counter(
            record.body.step
            for record in self.records
            if isinstance(record.body, StepEnded) and not record.body.outcome.done
        )
        return {name: [*bad[had[name] :], DONE] for name, bad in self.faults.items()}

    def _kept(self, records: tuple[Record, ...]) -> tuple[Record, ...]:
        """All; or, of a journal that is not durable, not the last start and what follows it."""
        starts = [r.seq for r in records if isinstance(r.body, StepStarted)]
        return records[: starts[-1]] if self.forgets and starts else records

    def _is_done(self) -> bool:
        states = Company(graph=self.graph, journal=MemoryJournal(self.records)).states()
        return all(states.get(name) in SATISFIED for name in self.graph.steps)


def live_through(seed: int, *, forgets: bool = False) -> Story:
    """The story of ``seed``. With ``forgets`` the journal is one that a crash takes records from:
    what the engine must never have.
    """
    dice = random.Random(seed)
    of = random_graph(dice)
    undisturbed = Company(graph=of, consent=yes_to_all(of), durations=durations(of, dice))
    undisturbed.run()
    work = [name for name, step in of.steps.items() if not isinstance(step.work, GateWork)]
    struck = dice.sample(work, len(work) // 5)
    faults = {name: dice.choice(FAULTS) for name in struck}
    told = Told(dice=dice, graph=of, faults=faults, forgets=forgets)
    told.live()
    end = Company(graph=of, journal=MemoryJournal(told.records)).states()
    return Story(
        seed=seed,
        steps=len(of.steps),
        faults=len(faults),
        deaths=told.deaths,
        stops=told.stops,
        commands=told.commands,
        tries=sum(isinstance(record.body, StepStarted) for record in told.records),
        twice=tuple(name for name, times in told.world.effects.items() if times > 1),
        same=end == undisturbed.states() and set(told.world.effects) == set(work),
    )


def random_graph(dice: random.Random) -> Graph:
    """Layers of steps and, now and then, a gate; each needs one to three of the layer before."""
    before: list[str] = []
    steps: list[Step] = []
    for layer in range(dice.randint(3, 8)):
        names = [f"s{layer}.{number}" for number in range(dice.randint(2, 12))]
        for name in names:
            needs = dice.sample(before, min(len(before), dice.randint(1, 3)))
            gate = layer > 0 and dice.random() < 0.05
            steps.append(step(name, sorted(needs), gate=gate, tries=dice.randint(1, 3)))
        before = names
    return graph(*steps)


def durations(of: Graph, dice: random.Random) -> dict[str, timedelta]:
    return {name: timedelta(milliseconds=dice.randint(50, 5000)) for name in of.steps}


def yes_to_all(of: Graph) -> ScriptedConsent:
    gates: Iterable[str] = (n for n, s in of.steps.items() if isinstance(s.work, GateWork))
    return ScriptedConsent(dict.fromkeys(gates, True))
