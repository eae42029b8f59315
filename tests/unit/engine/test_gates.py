"""Gates with a limit: it survives a crash, obeys no clock that is set, and ends in no yes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from drkit.engine.loop import Stand, Stop
from drkit.model.outcome import State
from drkit.model.record import Body, GateAnswered, GateOpened, GateOverdue
from drkit.model.step import GateWork, Step
from tests.fakes.clock import VirtualClock
from tests.fakes.consent import ScriptedConsent
from tests.fakes.graphs import graph, step
from tests.fakes.journal import MemoryJournal
from tests.unit.engine.running import Company

LIMIT = timedelta(minutes=10)
HOUR = timedelta(hours=1)
YES = {"consent": True}


class Setting(ScriptedConsent):
    """A person before whose eyes somebody sets the wall clock, at the hundredth question."""

    def __init__(
        self, yes: Mapping[str, bool], clock: VirtualClock, jump: timedelta, *, patience: int = 0
    ) -> None:
        super().__init__(yes, patience=patience)
        self._clock, self._jump = clock, jump

    def answer(self, step: Step, waited: timedelta) -> GateAnswered | GateOverdue | None:
        if len(self.asked) == 100:
            self._clock.set_by(self._jump)
        return super().answer(step, waited)


def gated(*, limit: timedelta | None = LIMIT, escalate: str | None = None) -> Company:
    """The clock of the records is the clock of the run, as on one machine."""
    gate = step("consent", ["shop"], gate=True)
    gate = replace(gate, work=GateWork(role="lead", limit=limit, escalate=escalate))
    clock = VirtualClock()
    return Company(
        graph=graph(step("shop"), gate, step("open", ["consent"])),
        clock=clock,
        journal=MemoryJournal(now=clock.now),
        may_wait=True,
    )


def after(company: Company, *, patience: int = 0, yes: Mapping[str, bool] = YES) -> Company:
    """Another command that carries on, with a person who answers after so many questions."""
    clock = another_process(company.clock)
    journal = MemoryJournal(company.journal.records(), now=clock.now)
    consent = ScriptedConsent(yes, patience=patience)
    return replace(company, clock=clock, journal=journal, consent=consent, stops=[])


def another_process(clock: VirtualClock) -> VirtualClock:
    """Its steady time begins anew, the wall clock goes on."""
    fresh = VirtualClock()
    fresh.set_by(clock.now() - fresh.now())
    return fresh


def said(company: Company) -> list[Body]:
    bodies = [record.body for record in company.journal.records()]
    return [b for b in bodies if isinstance(b, GateOpened | GateOverdue | GateAnswered)]


def interrupted_after(company: Company, turns: int) -> Company:
    company.stops = [*[Stop.NO] * turns, Stop.FINISH]
    assert company.run() is Stand.INTERRUPTED
    return company


def test_that_a_gate_opened_is_recorded_before_it_is_asked_and_once_only() -> None:
    class Asking:
        def answer(self, step: Step, waited: timedelta) -> None:
            del step, waited
            opened.append(isinstance(company.journal.records()[-1].body, GateOpened))

    opened: list[bool] = []
    company = replace(gated(), consent=Asking())
    interrupted_after(company, 20)
    assert opened[0]
    second = interrupted_after(after(company, patience=99), 20)
    assert [type(body) for body in said(second)] == [GateOpened]


def test_silence_until_the_limit_is_a_no_and_opens_nothing() -> None:
    company = gated()
    assert company.run() is Stand.FINISHED
    assert said(company)[-1] == GateOverdue(step="consent", asks=None)
    assert company.states()["consent"] is State.REFUSED
    assert "open" not in company.world.effects
    assert LIMIT <= company.clock.passed <= LIMIT + timedelta(seconds=5)


def test_a_gate_without_a_limit_waits_as_long_as_it_takes() -> None:
    company = replace(gated(limit=None), consent=ScriptedConsent(YES, patience=50_000))
    assert company.run() is Stand.FINISHED
    assert company.states()["consent"] is State.DONE
    assert company.clock.passed > 2 * HOUR


def test_a_yes_that_comes_after_the_limit_is_too_late() -> None:
    company = replace(gated(), consent=ScriptedConsent(YES, patience=50_000))
    assert company.run() is Stand.FINISHED
    assert company.states()["consent"] is State.REFUSED


def test_a_gate_that_escalates_stays_open_and_takes_the_other_role() -> None:
    company = replace(gated(escalate="dba"), consent=ScriptedConsent(YES, patience=10_000))
    assert company.run() is Stand.FINISHED
    _, overdue, answered = said(company)
    assert overdue == GateOverdue(step="consent", asks="dba")
    assert isinstance(answered, GateAnswered)
    assert answered.role == "dba"
    assert company.world.effects["open"] == 1


def test_the_limit_goes_on_while_no_drkit_works() -> None:
    first = interrupted_after(gated(), 20)
    first.clock.move(LIMIT)
    second = after(first)
    assert second.run() is Stand.FINISHED
    assert second.states()["consent"] is State.REFUSED, "though somebody would say yes at once"
    assert second.clock.passed < timedelta(seconds=1)


def test_a_crash_takes_nothing_from_the_time_that_is_left() -> None:
    first = interrupted_after(gated(), 20)
    first.clock.move(LIMIT / 2)
    second = after(first, patience=1000)
    assert second.run() is Stand.FINISHED
    assert second.states()["consent"] is State.DONE
    assert second.clock.passed < LIMIT / 2


def test_an_escalation_is_not_taken_back_by_a_crash_or_a_clock_that_was_set_back() -> None:
    company = gated(escalate="dba")
    setting = Setting({}, company.clock, -HOUR)
    first = interrupted_after(replace(company, consent=setting), 3100)
    assert said(first)[-1] == GateOverdue(step="consent", asks="dba")
    second = after(first)
    assert second.run() is Stand.FINISHED
    assert [type(body) for body in said(second)] == [GateOpened, GateOverdue, GateAnswered]
    answered = said(second)[-1]
    assert isinstance(answered, GateAnswered)
    assert answered.role == "dba"


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_a_wall_clock_that_is_set_while_a_gate_waits_changes_nothing(jump: timedelta) -> None:
    company = gated()
    company = replace(company, consent=Setting(YES, company.clock, jump, patience=1000))
    assert company.run() is Stand.FINISHED
    assert company.states()["consent"] is State.DONE
    company = gated()
    company = replace(company, consent=Setting({}, company.clock, jump))
    assert company.run() is Stand.FINISHED
    assert company.states()["consent"] is State.REFUSED
    assert LIMIT <= company.clock.passed <= LIMIT + timedelta(seconds=5)


def test_a_wall_clock_that_was_set_back_between_two_commands_gives_no_time_back() -> None:
    first = interrupted_after(gated(), 1500)
    waited = first.clock.passed
    first.clock.set_by(-HOUR)
    second = after(first, patience=50_000)
    second.run()
    assert second.states()["consent"] is State.REFUSED
    assert second.clock.passed <= LIMIT - waited + timedelta(seconds=5)
