"""The loop in virtual time: what starts when, what a failure stops, what a person can say."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drkit.engine.loop import Stand, Stop
from drkit.model.outcome import Outcome, State
from drkit.model.record import Record, RunEnded, StepEnded, StepStarted
from drkit.ports import Observers
from tests.fakes.attempts import FAILED, UNKNOWN
from tests.fakes.consent import ScriptedConsent
from tests.fakes.graphs import descendants, graph, step
from tests.fakes.journal import MemoryJournal, PowerLostError
from tests.unit.engine.running import Company

DIAMOND = graph(
    step("network"),
    step("storage"),
    step("compute", ["network", "storage"]),
    step("db", ["compute"]),
    step("files", ["compute"]),
    step("shop", ["db", "files"]),
    step("consent", ["shop"], gate=True),
    step("open", ["consent"]),
)
YES = {"consent": True}


def test_a_run_does_every_step_once_and_says_that_it_is_finished() -> None:
    company = Company(graph=DIAMOND, consent=ScriptedConsent(YES))
    assert company.run() is Stand.FINISHED
    works = [name for name in DIAMOND.steps if name != "consent"]
    assert company.world.effects == dict.fromkeys(works, 1)
    assert company.journal.records()[-1].body == RunEnded(stand="finished")
    assert set(company.states().values()) == {State.DONE}


def test_the_end_of_a_step_is_on_record_before_what_needs_it_starts() -> None:
    company = Company(graph=DIAMOND, consent=ScriptedConsent(YES))
    company.run()
    ended: set[str] = {"consent"}
    for record in company.journal.records():
        match record.body:
            case StepStarted(step=name):
                assert set(DIAMOND.steps[name].needs) <= ended
            case StepEnded(step=name):
                ended.add(name)
            case _:
                pass


def test_the_observer_is_told_of_every_record_and_of_what_steps_say() -> None:
    company = Company(graph=DIAMOND, consent=ScriptedConsent(YES))
    company.run()
    assert tuple(company.observer.records) == company.journal.records()
    assert ("db", "db was worked on") in company.observer.lines
    assert company.observer.ticks


@given(
    st.sampled_from(sorted(set(DIAMOND.steps) - {"consent"})), st.sampled_from([FAILED, UNKNOWN])
)
def test_a_failed_step_stops_exactly_its_descendants(bad: str, outcome: Outcome) -> None:
    company = Company(graph=DIAMOND, consent=ScriptedConsent(YES), outcomes={bad: outcome})
    assert company.run() is Stand.FINISHED
    below = descendants(DIAMOND, bad)
    assert company.states() == {
        name: outcome.state if name == bad else State.DONE
        for name in DIAMOND.steps
        if name not in below
    }


def test_an_unanswered_gate_ends_the_command_after_all_else_is_done() -> None:
    other = graph(*DIAMOND.steps.values(), step("aside", ["shop"]))
    company = Company(graph=other)
    assert company.run() is Stand.WAITS
    assert "open" not in company.world.effects
    assert "aside" in company.world.effects, "a person thinking holds up no work"


def test_a_gate_is_asked_until_the_answer_comes_where_a_person_is_there() -> None:
    consent = ScriptedConsent(YES, patience=20)
    company = Company(graph=DIAMOND, consent=consent, may_wait=True)
    assert company.run() is Stand.FINISHED
    assert len(consent.asked) == 21
    assert company.clock.passed > timedelta(seconds=20 * 0.2)


def test_a_no_is_recorded_and_stops_what_waits_for_it() -> None:
    company = Company(graph=DIAMOND, consent=ScriptedConsent({"consent": False}))
    assert company.run() is Stand.FINISHED
    assert company.states()["consent"] is State.REFUSED
    assert "open" not in company.world.effects


def test_a_first_interrupt_lets_running_steps_end_and_starts_nothing() -> None:
    company = Company(graph=DIAMOND, stops=[Stop.NO, Stop.NO, Stop.FINISH])
    assert company.run() is Stand.INTERRUPTED
    assert company.world.effects == {"network": 1, "storage": 1}
    assert set(company.states().values()) == {State.DONE}


def test_a_second_interrupt_ends_running_steps_and_their_effect_is_unknown() -> None:
    company = Company(graph=DIAMOND, stops=[Stop.NO, Stop.FINISH, Stop.NOW])
    assert company.run() is Stand.INTERRUPTED
    assert company.states() == {"network": State.UNKNOWN, "storage": State.UNKNOWN}
    assert company.clock.passed < timedelta(seconds=1)


def test_an_interrupt_after_the_last_step_does_not_make_a_finished_run_unfinished() -> None:
    alone = graph(step("only"))
    company = Company(graph=alone, stops=[Stop.NO, Stop.FINISH])
    assert company.run() is Stand.FINISHED


def test_a_gate_stays_open_when_the_run_is_interrupted_before_it() -> None:
    company = Company(graph=DIAMOND, may_wait=True, stops=[*[Stop.NO] * 60, Stop.FINISH])
    assert company.run() is Stand.INTERRUPTED
    assert "consent" not in company.states()


def test_when_the_journal_cannot_be_written_running_tries_are_ended() -> None:
    """The end of `network` cannot be recorded; `storage` would go on with nobody to record it."""
    journal = MemoryJournal(dies_at=2)
    hours = {"storage": timedelta(hours=1)}
    company = Company(graph=DIAMOND, journal=journal, durations=hours)
    with pytest.raises(PowerLostError):
        company.run()
    assert set(company.attempts.started) == {"network", "storage"}
    assert company.attempts.running == ()
    assert company.clock.passed < timedelta(minutes=1)


def test_an_observer_that_fails_neither_fails_nor_changes_the_run() -> None:
    class Broken:
        def recorded(self, record: Record) -> None:
            raise BrokenPipeError

        def progressed(self, step: str, line: str) -> None:
            raise BrokenPipeError

        def ticked(self, now: datetime) -> None:
            raise BrokenPipeError

    company = Company(graph=DIAMOND, consent=ScriptedConsent(YES))
    company.told = Observers([Broken(), company.observer])
    assert company.run() is Stand.FINISHED
    assert tuple(company.observer.records) == company.journal.records(), "the other is still told"


def test_steps_that_end_together_are_recorded_together() -> None:
    company = Company(graph=DIAMOND, consent=ScriptedConsent(YES))
    company.run()
    bodies = [record.body for record in company.journal.records()]
    assert [type(body) for body in bodies[:4]] == [StepStarted, StepStarted, StepEnded, StepEnded]


def test_the_number_of_a_try_goes_up_and_a_resume_after_a_failure_does_not_look_first() -> None:
    first = Company(graph=DIAMOND, consent=ScriptedConsent(YES), outcomes={"db": FAILED})
    first.run()
    second = Company(
        graph=DIAMOND, consent=ScriptedConsent(YES), journal=first.journal, world=first.world
    )
    second.run()
    starts = [r.body for r in first.journal.records() if isinstance(r.body, StepStarted)]
    assert [body.number for body in starts if body.step == "db"] == [1, 2]
    assert second.attempts.looked == []
    assert set(second.attempts.started) == {"db", "shop", "open"}


def layered(width: int, depth: int) -> tuple[Company, dict[str, timedelta]]:
    """ENGINE.md's graph: each step needs three of the layer before; 50 to 500 ms each."""
    durations: dict[str, timedelta] = {}
    steps = []
    for layer in range(depth):
        for place in range(width):
            needs = [f"{layer - 1}-{(place + k) % width}" for k in range(3)] if layer else []
            name = f"{layer}-{place}"
            durations[name] = timedelta(milliseconds=50 + (layer * 131 + place * 173) % 451)
            steps.append(step(name, needs))
    return Company(graph=graph(*steps), durations=durations), durations


def test_two_hundred_steps_take_no_longer_than_a_tenth_more_than_the_bound() -> None:
    company, durations = layered(width=10, depth=20)
    behind = dict(durations)
    for name in reversed(list(company.graph.steps)):
        for need in company.graph.steps[name].needs:
            behind[need] = max(behind[need], durations[need] + behind[name])
    order = enumerate(company.graph.steps)
    company = replace(
        company, priority={name: (-behind[name].total_seconds(), 0.0, i) for i, name in order}
    )
    company.run()
    work = sum(durations.values(), timedelta(0)) / company.max_parallel
    bound = max(work, *behind.values())
    assert company.clock.passed <= bound * 1.1
    assert company.attempts.most_at_once == company.max_parallel
