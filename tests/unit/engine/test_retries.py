"""A further try within one command: for what is worth it, after a pause, as often as granted."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drkit.engine.loop import Stand, Stop
from drkit.model.outcome import Outcome, State
from drkit.model.record import StepStarted
from tests.fakes.attempts import DONE, FAILED, UNKNOWN
from tests.fakes.clock import VirtualClock
from tests.fakes.graphs import graph, step
from tests.fakes.journal import MemoryJournal
from tests.unit.engine.running import Company

NO_ANSWER = Outcome(state=State.FAILED, message="it does not answer", transient=True)


def company(*outcomes: Outcome, tries: int = 3, **more: object) -> Company:
    of = graph(step("db", tries=tries), step("shop", ["db"]), step("aside"))
    return Company(graph=of, outcomes={"db": outcomes}, **more)  # type: ignore[arg-type]


def starts(of: Company, name: str = "db") -> list[int]:
    bodies = [record.body for record in of.journal.records()]
    return [b.number for b in bodies if isinstance(b, StepStarted) and b.step == name]


def test_what_may_pass_by_itself_is_tried_again_and_what_needs_it_waits() -> None:
    at_work = company(NO_ANSWER, DONE)
    assert at_work.run() is Stand.FINISHED
    assert starts(at_work) == [1, 2]
    assert set(at_work.states().values()) == {State.DONE}
    assert at_work.world.effects["shop"] == 1


def test_what_would_only_fail_again_is_not() -> None:
    at_work = company(FAILED)
    assert at_work.run() is Stand.FINISHED
    assert starts(at_work) == [1]


@given(st.integers(1, 5), st.sampled_from([NO_ANSWER, UNKNOWN]))
def test_no_step_has_more_tries_than_it_is_granted(tries: int, outcome: Outcome) -> None:
    at_work = company(outcome, tries=tries)
    assert at_work.run() is Stand.FINISHED
    assert starts(at_work) == list(range(1, tries + 1))
    assert at_work.states()["db"] is outcome.state
    assert "shop" not in at_work.states()


def test_the_same_command_again_has_all_its_tries_again() -> None:
    at_work = company(NO_ANSWER, tries=2)
    at_work.run()
    at_work.run()
    assert starts(at_work) == [1, 2, 3, 4]


def test_after_an_unknown_effect_the_further_try_looks_first() -> None:
    at_work = company(UNKNOWN, DONE)
    at_work.run()
    assert at_work.attempts.looked == ["db"]
    at_work = company(NO_ANSWER, DONE)
    at_work.run()
    assert at_work.attempts.looked == []


def test_the_pauses_grow_and_are_kept() -> None:
    clock = VirtualClock()
    journal = MemoryJournal(now=clock.now)
    at_work = company(NO_ANSWER, NO_ANSWER, DONE, clock=clock, journal=journal)
    at_work.run()
    began = [
        record.at
        for record in at_work.journal.records()
        if isinstance(record.body, StepStarted) and record.body.step == "db"
    ]
    first, second = began[1] - began[0], began[2] - began[1]
    assert timedelta(seconds=4) <= first < timedelta(seconds=5)
    assert timedelta(seconds=7) <= second < timedelta(seconds=8)


def test_a_step_that_pauses_takes_no_place_of_another() -> None:
    at_work = company(NO_ANSWER, DONE, max_parallel=1, pause=timedelta(seconds=60))
    at_work.run()
    assert at_work.attempts.started == ["db", "aside", "db", "shop"]


@pytest.mark.parametrize("stop", [Stop.FINISH, Stop.NOW])
def test_who_is_asked_to_stop_does_not_wait_for_a_further_try(stop: Stop) -> None:
    asked = [*[Stop.NO] * 9, stop]
    at_work = company(NO_ANSWER, pause=timedelta(hours=1), stops=asked)
    assert at_work.run() is Stand.INTERRUPTED
    assert starts(at_work) == [1]
    assert at_work.clock.passed < timedelta(minutes=1)


@pytest.mark.parametrize("by", [timedelta(minutes=4), timedelta(days=1)])
def test_a_clock_that_is_set_back_holds_nothing_up(by: timedelta) -> None:
    at_work = company(NO_ANSWER, DONE)
    now, back = at_work.clock.now, timedelta(0)

    def set_back() -> object:
        nonlocal back
        if at_work.clock.passed > timedelta(seconds=2):
            back = by
        return now() - back

    at_work.clock.now = set_back  # type: ignore[method-assign,assignment]
    assert at_work.run() is Stand.FINISHED
    assert starts(at_work) == [1, 2]
    assert at_work.clock.passed < timedelta(minutes=1)
