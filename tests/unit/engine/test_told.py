"""What a try is told of those before it is what the whole journal says, and each record is read
once for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from drkit.engine.decide import Pass
from drkit.engine.loop import Hands, Stop, run_steps
from drkit.engine.progress import Told, lost_machines, stand
from drkit.model.outcome import Outcome, State
from drkit.model.record import (
    Body,
    PlanChanged,
    Record,
    RunTakenOver,
    StepEnded,
    StepReopened,
    StepStarted,
)
from drkit.model.step import Step
from tests.fakes.attempts import FakeWorld, VirtualAttempts
from tests.fakes.clock import VirtualClock
from tests.fakes.consent import ScriptedConsent
from tests.fakes.graphs import graph, step
from tests.fakes.journal import MemoryJournal
from tests.fakes.observer import Remembering


def ended(name: str, state: State = State.DONE, **facts: object) -> StepEnded:
    outcome = Outcome(state=state, facts=facts)
    return StepEnded(step=name, number=1, outcome=outcome, elapsed=timedelta(0))


STORY: tuple[Body, ...] = (
    ended("network", vpc="vpc-1"),
    ended("compute", State.FAILED, hosts={}),
    RunTakenOver(operator="bo@desk", reason="it died", before="ana@laptop"),
    ended("compute", hosts={"db-1": {}}),
    StepReopened(step="compute", operator="bo@desk"),
    ended("compute", State.UNKNOWN),
    RunTakenOver(operator="cy@desk", reason="asleep", before="bo@desk"),
    PlanChanged(
        changes=(),
        plan={},
        steps=(),
        again=(),
        kept=(),
        dropped=("network",),
        reason="r",
        operator="cy@desk",
    ),
    ended("storage"),
)


def test_a_try_is_told_what_the_whole_journal_says_at_each_of_its_records() -> None:
    journal = MemoryJournal()
    told = Told(journal)
    for body in STORY:
        journal.append(body)
        whole = journal.records()
        assert told.now() == (stand(whole).facts, lost_machines(whole))
    assert told.now() == ({"storage": {}}, ("laptop", "desk"))


@dataclass(slots=True)
class Counted:
    """A journal that counts the records that it hands out."""

    journal: MemoryJournal = field(default_factory=MemoryJournal)
    handed: int = 0

    def append(self, *bodies: Body) -> tuple[Record, ...]:
        return self.journal.append(*bodies)

    def records(self, *, since: int = 0) -> tuple[Record, ...]:
        found = self.journal.records(since=since)
        self.handed += len(found)
        return found


class Telling(VirtualAttempts):
    """Tries that are told what is known, as real ones are."""

    told: Told

    def start(self, step: Step, number: int, *, look_first: bool) -> None:
        self.told.now()
        super().start(step, number, look_first=look_first)


@pytest.mark.parametrize("steps", [10, 300])
def test_no_record_is_read_twice_however_many_tries_are_told(steps: int) -> None:
    journal, clock = Counted(), VirtualClock()
    attempts = Telling(clock, FakeWorld())
    attempts.told = Told(journal)
    names = [f"s{number}" for number in range(steps)]
    hands = Hands(
        journal=journal,
        attempts=attempts,
        consent=ScriptedConsent(),
        observer=Remembering(),
        clock=clock,
        stop=lambda: Stop.NO,
        may_wait=False,
    )
    priority = {name: (0.0, 0.0, index) for index, name in enumerate(names)}
    run_steps(Pass(graph=graph(*map(step, names)), priority=priority, max_parallel=1), hands)
    assert sum(isinstance(r.body, StepStarted) for r in journal.journal.records()) == steps
    assert journal.handed <= len(journal.journal.records())
