"""Progress as it goes, on stderr: a table that lives on a terminal, plain lines elsewhere.

An observer only: it changes nothing and decides nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from drkit.cli.forecast import basis, when
from drkit.cli.outlook import Outlook
from drkit.model.outcome import State
from drkit.model.place_record import (
    CopyRemoved,
    OutsideBack,
    OutsideLost,
    SiteReopened,
    SiteServed,
)
from drkit.model.quantities import format_duration, parse_duration
from drkit.model.record import (
    GateAnswered,
    GateOpened,
    GateOverdue,
    GenerationLeft,
    IncidentBegan,
    PlanChanged,
    Record,
    RunBegan,
    RunEnded,
    RunLeft,
    RunResumed,
    RunTakenOver,
    StepEnded,
    StepPlanned,
    StepReopened,
    StepSkipped,
    StepStarted,
)
from drkit.model.step import RunMode, last_proof
from drkit.reporting.gates import GateStand, gates_after, glass_said, stand_after
from drkit.reporting.report import STAND_IN, in_sandbox

SIGNS: Mapping[State, str] = {
    State.WAITING: "·",
    State.RUNNING: "▶",
    State.DONE: "✓",
    State.FAILED: "✗",
    State.UNKNOWN: "?",
    State.REFUSED: "✗",
    State.NOT_RUN: "–",
    State.SKIPPED: "»",
}


@dataclass(slots=True)
class Seen:
    """What a console knows of a run so far: folded from records."""

    began: RunBegan | None = None
    began_at: datetime | None = None
    incident: IncidentBegan | None = None
    states: dict[str, State] = field(default_factory=dict)
    started: dict[str, datetime] = field(default_factory=dict)
    times: dict[str, timedelta] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)
    live_at: dict[str, datetime] = field(default_factory=dict)
    gates: dict[str, GateStand] = field(default_factory=dict)

    def take(self, record: Record) -> None:
        match record.body:
            case RunBegan():
                self.began, self.began_at = record.body, record.at
            case IncidentBegan():
                self.incident = record.body
            case PlanChanged() as changed:
                self._take_plan(changed)
            case RunResumed():
                running = [name for name, s in self.states.items() if s is State.RUNNING]
                for step in running:
                    self.states[step] = State.UNKNOWN
                    del self.started[step]  # nobody knows how long it worked
            case GateOpened(step=step) | GateOverdue(step=step) | GateAnswered(step=step):
                self._take_gate(step, record)
            case _:
                self._take_step(record)

    def _take_plan(self, changed: PlanChanged) -> None:
        for step in (*changed.again, *changed.dropped):
            self.states.pop(step, None)
            self.said.pop(step, None)
            self.times.pop(step, None)
            for process in self._proven_by(step):
                self.live_at.pop(process, None)
        if self.began is not None:
            self.began = replace(self.began, plan=changed.plan, steps=changed.steps)
        self.gates = gates_after(changed, self.gates)

    def _take_gate(self, step: str, record: Record) -> None:
        stand = stand_after(record, self.gates.get(step, GateStand()))
        self.gates[step], self.said[step] = stand, stand.message
        if stand.state is not State.WAITING:
            self.states[step] = stand.state
        if isinstance(record.body, GateAnswered) and not record.body.signed:
            self.said[step] += " (not signed)"

    def words(self, step: str, now: datetime) -> str:
        """The last that was said of a step, with the time that a gate's limit leaves."""
        until = self.gates[step].until if step in self.gates else None
        left = f", {format_duration(max(until - now, timedelta(0)))} left" if until else ""
        return self.said.get(step, "") + left

    def _take_step(self, record: Record) -> None:
        match record.body:
            case StepStarted(step=step):
                self.states[step] = State.RUNNING
                self.times.pop(step, None)
                self.started[step] = record.at
            case StepEnded(step=step, outcome=outcome, elapsed=elapsed):
                self.states[step] = outcome.state
                self.times[step] = elapsed
                self.said[step] = outcome.message
                if outcome.done:
                    self.live_at |= dict.fromkeys(self._proven_by(step), record.at)
            case StepSkipped(step=step, reason=reason):
                self.states[step] = State.SKIPPED
                self.said[step] = f"skipped: {reason}"
            case StepReopened(step=step):
                self.states.pop(step, None)
            case _:
                pass

    def _proven_by(self, step: str) -> list[str]:
        """The processes that are back once ``step`` is done: one, or none."""
        if self.began is None:
            return []
        ids = {planned.id for planned in self.began.steps}
        waiting = {process for planned in self.began.steps for process in planned.processes}
        return [process for process in waiting if last_proof(process, ids) == step]

    def state(self, step: StepPlanned) -> State:
        return self.states.get(step.id, State.WAITING)

    def waits_for(self, process: str) -> list[str]:
        """The steps that are not done and that this process waits for, running ones first."""
        if self.began is None:
            return []
        left = [
            s.id
            for s in self.began.steps
            if process in s.processes and self.state(s) is not State.DONE
        ]
        return sorted(left, key=lambda name: self.states.get(name) is not State.RUNNING)

    def down_since(self, process: str) -> datetime | None:
        """Where its clock starts: as in the report, at its own first failure if one was seen."""
        if self.incident is None:
            return None
        return self.incident.per_process.get(process, self.incident.start)

    def rto(self, process: str) -> timedelta:
        processes = self.began.plan["processes"] if self.began else {}
        entry = processes[process] if isinstance(processes, dict) else {}
        return parse_duration(str(entry["rto"]))


def of_the_run(record: Record) -> str:
    """What befell the run, or needs to be seen, on any console; empty for what steps do."""
    match record.body:
        case RunResumed(operator=operator):
            return f"carried on by {operator}"
        case RunTakenOver(operator=operator, before=before, reason=reason):
            return f"taken over by {operator} from {before}: {reason}"
        case RunLeft() | GenerationLeft():
            return _of_what_is_left(record.body)
        case PlanChanged() as changed:
            return "\n    ".join(_of_the_plan(changed))
        case StepSkipped(step=step, operator=operator, reason=reason):
            return f"» {step} skipped by {operator}: {reason}"
        case StepReopened(step=step, operator=operator):
            return f"{step} is to run again, says {operator}"
        case GateOverdue() | GateAnswered():
            return _of_a_gate(record.body)
        case SiteReopened() | SiteServed() | OutsideLost() | OutsideBack() | CopyRemoved():
            return _of_a_place(record.body)
        case _:
            return ""


def _of_a_place(
    said: SiteReopened | SiteServed | OutsideLost | OutsideBack | CopyRemoved,
) -> str:
    match said:
        case SiteReopened(site=site, operator=operator, reason=reason):
            return f"{site} is being given back to its customers by {operator}: {reason}"
        case SiteServed(site=site):
            return f"{site} serves its customers again"
        case CopyRemoved():
            return "\n    ".join(_of_a_copy(said))
        case OutsideLost(error=error):
            return f"going on with the journal of this machine alone: {error}"
        case OutsideBack():
            return "the outside location has the whole journal again"


def _of_a_copy(said: CopyRemoved) -> Iterator[str]:
    count = sum(said.removed.values())
    yield f"{said.generation}: {count} resources taken away in {format_duration(said.elapsed)}"
    yield from (f"still there: {what}: {why}" for what, why in said.stays.items())


def _of_what_is_left(said: RunLeft | GenerationLeft) -> str:
    match said:
        case RunLeft(run=run, why=why, changes=changes):
            return "\n    ".join([f"{run} is not over and is left behind: {why}", *changes])
        case GenerationLeft(generation=generation, next=then, reason=reason):
            return f"{generation} is left behind: {reason}; {then} is built in its place"


def _of_a_gate(said: GateOverdue | GateAnswered) -> str:
    match said:
        case GateOverdue(step=step, asks=asks):
            brings = f"{asks} may answer as well from here on" if asks else "silence is a no"
            return f"nobody answered {step} in time: {brings}"
        case GateAnswered():
            return glass_said(said)


def _of_the_plan(changed: PlanChanged) -> Iterator[str]:
    yield f"the changed plan is accepted by {changed.operator}: {changed.reason}"
    yield from changed.changes
    for words, steps in (
        ("to run again", changed.again),
        ("stays as it is until --retry", changed.kept),
        ("no more in the plan; what it made is still there", changed.dropped),
    ):
        if steps:
            yield f"{words}: {', '.join(steps)}"


class PlainConsole:
    """One line per event: for logs, pipes and CI."""

    def __init__(self, outlook: Outlook) -> None:
        self._seen = Seen()
        self._outlook = outlook
        self._told_ahead = False

    def recorded(self, record: Record) -> None:
        self._seen.take(record)
        self._outlook.take(record)
        match record.body:
            case RunBegan(run=run, kind=kind, target=target, plan=plan, mode=mode):
                how = "planned " if mode is RunMode.PLANNED else ""
                self._say(record.at, f"{how}{kind} of {target.name} begins: run {run}")
                if in_sandbox(plan):
                    self._say(record.at, STAND_IN)
            case IncidentBegan(start=start, source=source):
                self._say(record.at, f"incident since {start:%H:%M:%S} UTC (source: {source})")
            case StepStarted(step=step, number=number):
                again = f" (try {number})" if number > 1 else ""
                self._say(record.at, f"▶ {step}{again}")
            case StepEnded(step=step, outcome=outcome, elapsed=elapsed):
                changed = f", {outcome.changed} changed" if outcome.changed is not None else ""
                words = f": {outcome.message}" if outcome.message else ""
                sign = SIGNS[outcome.state]
                line = f"{sign} {step} {outcome.state} in {format_duration(elapsed)}{changed}"
                self._say(record.at, line + words)
            case GateOpened(step=step) | GateAnswered(step=step) | GateOverdue(step=step):
                self._say(record.at, f"{step}: {self._seen.words(step, record.at)}")
            case RunEnded(stand=stand):
                self._say(record.at, f"the run {stand}")
            case _ if news := of_the_run(record):
                self._say(record.at, news)
            case _:
                pass

    def progressed(self, step: str, line: str) -> None:
        del step, line

    def ticked(self, now: datetime) -> None:
        """Once what is expected; then only what turns."""
        if not self._told_ahead and (ahead := self._outlook.at(now)):
            self._told_ahead = True
            if names := [f"{p.name} {when(p, now)}" for p in ahead.processes]:
                self._say(now, f"expected back: {', '.join(names)}")
            if made_of := basis(ahead):
                self._say(now, f"that is {made_of}")
        for words in self._outlook.turns(now):
            self._say(now, words)

    def _say(self, at: datetime, line: str) -> None:
        sys.stderr.write(f"{at:%H:%M:%S} {line}\n")
        sys.stderr.flush()
