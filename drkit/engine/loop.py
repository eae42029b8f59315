"""The loop: decide, record the start, start, wait, record the end, again.

Invariant: the record of a start is durable before the step's process exists, and the record of an
end before anything that depends on it starts. So after a crash a step can repeat once, and never
be forgotten. The loop reads no clock but the port's, prints nothing, and knows no tool.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from drkit.engine.decide import Frontier, Pass, decide
from drkit.engine.gates import OpenGates
from drkit.engine.progress import stand
from drkit.model.outcome import Outcome, State
from drkit.model.record import Body, GateAnswered, GateOverdue, RunEnded, StepEnded, StepStarted
from drkit.model.step import Step
from drkit.ports import Clock, Consent, Journal, Observer

TICK = timedelta(milliseconds=200)
_LONGEST_PAUSE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A try said something worth showing."""

    step: str
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A try is over, and so are all its processes."""

    step: str
    outcome: Outcome
    elapsed: timedelta


class Attempts(Protocol):
    """Starts tries and reports on them; the only thing here that has side effects besides."""

    def prepare(self, step: Step, number: int) -> StepStarted:
        """What the journal is to hold of this try before it starts."""

    def start(self, step: Step, number: int, *, look_first: bool) -> None: ...

    def wait(self, limit: timedelta) -> Iterable[Said | Ended]:
        """What happened since; returns at the latest after ``limit``."""

    def stop(self) -> None:
        """End every running try with all its descendants; their ends are then waited for."""


class Stop(StrEnum):
    """What the person at the keyboard asked for so far."""

    NO = "no"
    FINISH = "finish"
    """Start nothing more; let running steps end."""
    NOW = "now"
    """End the running tries."""


class Stand(StrEnum):
    FINISHED = "finished"
    WAITS = "waits"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """All that the loop acts through."""

    journal: Journal
    attempts: Attempts
    consent: Consent
    observer: Observer
    clock: Clock
    stop: Callable[[], Stop]
    may_wait: bool
    """Whether an unanswered gate is waited for here; else the run ends and waits for a person."""
    pause: Callable[[int], timedelta] = lambda _: timedelta(0)
    """How long to wait before a further try, by how many this command has made."""


def run_steps(pass_: Pass, hands: Hands) -> Stand:
    """Run ``pass_`` until nothing more can start. The stand is also the journal's last record."""
    end = run_pass(pass_, hands)
    record(hands, RunEnded(stand=end.value))
    return end


def record(hands: Hands, *bodies: Body) -> None:
    """Write ``bodies`` into the journal, and tell the observer."""
    for written in hands.journal.append(*bodies):
        hands.observer.recorded(written)


def run_pass(pass_: Pass, hands: Hands) -> Stand:
    """The same for a part of a run: no end is recorded."""
    known = stand(hands.journal.records())
    retried = {State.UNKNOWN, State.FAILED}
    states = {name: state for name, state in known.states.items() if state not in retried}
    look = {name for name, state in known.states.items() if state is State.UNKNOWN}
    loop = _Loop(pass_, hands, states=states, look=look, tries=dict(known.tries))
    try:
        return loop.run()
    except BaseException:
        loop.abandon()
        raise


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pause:
    since: datetime
    until: datetime
    after: State
    """How the last try ended, which counts again if there is no further one."""


class _Loop:
    """The moving parts of one pass: states of steps that ended, and which are in flight."""

    def __init__(
        self,
        pass_: Pass,
        hands: Hands,
        *,
        states: dict[str, State],
        look: set[str],
        tries: dict[str, int],
    ) -> None:
        self._pass = pass_
        self._hands = hands
        self._states = states
        self._frontier = Frontier(pass_, states)
        self._look = look
        self._tries = tries
        self._running: list[str] = []
        self._stopped = False
        self._made: Counter[str] = Counter()
        """Tries of this command."""
        self._pauses: dict[str, _Pause] = {}
        """Steps that wait for a further try."""
        self._gates = OpenGates(hands.journal.records(), hands.clock)

    def run(self) -> Stand:
        while True:
            stop = self._hands.stop()
            self._end_pauses(stop)
            decision = decide(
                self._pass, self._states, self._running, self._pauses, frontier=self._frontier
            )
            if stop is Stop.NO:
                self._start(decision.start)
                answered = self._ask(decision.ask)
            else:
                answered = False
                self._obey(stop)
            if not self._running and not self._pauses and not answered:
                over = not decision.ask and not decision.start
                if stop is not Stop.NO and not (over and self._nothing_to_retry()):
                    return Stand.INTERRUPTED
                if over:
                    return Stand.FINISHED
                if not self._hands.may_wait:
                    return Stand.WAITS
            if not answered:
                self._wait()

    def _settle(self, step: str, state: State) -> None:
        self._states[step] = state
        self._frontier.ended(step, state)

    def _try_again(self, end: Ended) -> None:
        """Let the step have a further try after a pause, if it has one left and it is worth it."""
        worth = end.outcome.state is State.UNKNOWN or end.outcome.transient
        made = self._made[end.step]
        if not worth or end.outcome.done or made >= self._pass.graph.steps[end.step].tries:
            return
        pause = min(self._hands.pause(made), _LONGEST_PAUSE)
        now = self._hands.clock.now()
        self._pauses[end.step] = _Pause(since=now, until=now + pause, after=end.outcome.state)
        self._hands.observer.progressed(end.step, f"a further try in {pause.total_seconds():.0f} s")
        del self._states[end.step]

    def _end_pauses(self, stop: Stop) -> None:
        """A pause that is over lets its step start; one that a person broke off never does."""
        now = self._hands.clock.now()
        for name, pause in list(self._pauses.items()):
            if stop is not Stop.NO:
                self._states[name] = pause.after
            elif pause.since <= now < pause.until:  # before it: a clock that was set back
                continue
            elif pause.after is State.UNKNOWN:
                self._look.add(name)
            del self._pauses[name]

    def _nothing_to_retry(self) -> bool:
        return not {State.UNKNOWN, State.FAILED}.intersection(self._states.values())

    def abandon(self) -> None:
        """End what runs: nobody is left who would record what it does. Its effect is unknown."""
        self._hands.attempts.stop()
        while self._running:
            for event in self._hands.attempts.wait(TICK):
                if isinstance(event, Ended) and event.step in self._running:
                    self._running.remove(event.step)

    def _start(self, steps: Iterable[Step]) -> None:
        starts = [(step, self._tries.get(step.id, 0) + 1) for step in steps]
        if not starts:
            return
        record(
            self._hands, *(self._hands.attempts.prepare(step, number) for step, number in starts)
        )
        for step, number in starts:
            self._tries[step.id] = number
            self._made[step.id] += 1
            self._hands.attempts.start(step, number, look_first=step.id in self._look)
            self._running.append(step.id)

    def _ask(self, gates: Iterable[Step]) -> bool:
        """Whether any gate was answered, or closed because nobody did in time."""
        answered = False
        for gate in gates:
            if opened := self._gates.open(gate):
                record(self._hands, opened)
            said = self._hands.consent.answer(gate, self._gates.waited(gate))
            match said:
                case GateAnswered(consent=consent):
                    record(self._hands, said)
                    self._settle(gate.id, State.DONE if consent else State.REFUSED)
                    answered = True
                case GateOverdue(asks=asks) if self._gates.is_news(said):
                    record(self._hands, said)
                    if asks is None:
                        self._settle(gate.id, State.REFUSED)
                        answered = True
                case _:
                    pass
        return answered

    def _obey(self, stop: Stop) -> None:
        if stop is Stop.NOW and not self._stopped:
            self._stopped = True
            self._hands.attempts.stop()

    def _wait(self) -> None:
        ends = []
        for event in self._hands.attempts.wait(TICK):
            match event:
                case Said(step=step, line=line):
                    self._hands.observer.progressed(step, line)
                case Ended(step=step):
                    self._running.remove(step)
                    ends.append(event)
        if ends:
            record(
                self._hands,
                *(
                    StepEnded(
                        step=end.step,
                        number=self._tries[end.step],
                        outcome=end.outcome,
                        elapsed=end.elapsed,
                    )
                    for end in ends
                ),
            )
            for end in ends:
                self._settle(end.step, end.outcome.state)
                self._try_again(end)
        self._hands.observer.ticked(self._hands.clock.now())
