"""When each process is expected back, while its run goes on: a pure function of the records so far,
of what is expected of each step, and of now.

Decides what is left, and whether an objective will be missed. Refuses an expectation for a process
whose way is blocked (a step that failed, a "no"), and never says that what is not done was done
before now. The expected end of a step that has run for longer than it should is now, and moves on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from drkit.engine.progress import run_of
from drkit.errors import JournalDamaged
from drkit.model.outcome import SATISFIED, State
from drkit.model.record import Record, RunBegan, RunEnded, RunResumed, StepPlanned
from drkit.model.step import last_proof
from drkit.planning.order import by_budget, urgency
from drkit.reporting.clocks import Incident, incident_of
from drkit.reporting.expected import Expectations, Source
from drkit.reporting.processes import Objectives, objectives
from drkit.reporting.schedule import Left, Leg, Urgency, schedule
from drkit.reporting.steps import StepReport, step_reports


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """A step of the way that decides when a process is back."""

    id: str
    kind: str
    began: bool
    to_go: timedelta
    """How long it is expected to take from now, or from when it begins."""
    over: timedelta
    """How much longer than expected it has run; zero for one that has not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Help:
    """What would bring a process back sooner: an answer, or a check that is passed over."""

    step: str
    kind: str
    asked: bool
    """Of a gate: whether it waits for its answer now."""
    gain: timedelta
    """By how much, at the most. Zero for an answer that is overdue: what is late grows with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessForecast:
    name: str
    back: datetime | None
    """When it was proven live, or is expected to be; None while nothing can bring it back."""
    live: bool
    deadline: datetime | None
    """The end of its RTO; None in a deployment. Earlier by an unknown time if not ``observed``."""
    observed: bool
    stopped_by: tuple[str, ...] = ()
    """Steps that must be mended, or were skipped or refused, before it can be back."""
    path: tuple[Ahead, ...] = ()
    helps: tuple[Help, ...] = ()
    """Only of one that will be late; the greatest gain first."""

    @property
    def room(self) -> timedelta | None:
        """From ``back`` to ``deadline``; below zero for one that is late."""
        return self.deadline - self.back if self.deadline and self.back else None

    @property
    def late(self) -> bool:
        return self.room is not None and self.room < timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    at: datetime
    bound: int | None
    """How many steps run side by side; None: not known, so these are the longest ways."""
    processes: tuple[ProcessForecast, ...]
    sources: Mapping[Source, int]
    """Where the expected durations of the steps that are left come from, and of how many."""


def forecast(
    records: tuple[Record, ...],
    expected: Expectations,
    now: datetime,
    *,
    at_work: bool = True,
) -> Forecast:
    """What is expected at ``now`` of the run in ``records``.

    ``at_work``: whether somebody works on it; if not, what is expected if it is carried on with
    now. Raises JournalDamaged for records that do not begin with the start of a run.
    """
    began = run_of(records)
    if began is None:
        raise JournalDamaged("the journal does not begin with the start of a run")
    now = max(now, records[-1].at)
    ahead = _look_ahead(began, records, expected, now, at_work=at_work)
    incident = None
    if began.kind.recovers:
        closings = [ahead.legs[n].start for n in ahead.left if ahead.planned[n].kind == "quiesce"]
        closing = closings[0] if closings else None
        incident = incident_of(records, began=records[0].at, closing=closing)
    goals = [
        goal for goal in objectives(began.plan) if last_proof(goal.name, ahead.steps) in ahead.steps
    ]
    processes = tuple(_process(goal, ahead, incident) for goal in goals)
    return Forecast(
        at=now,
        bound=expected.bound,
        processes=tuple(replace(one, helps=_helps(one, ahead)) for one in processes),
        sources=Counter(expected.of(ahead.planned[name]).source for name in ahead.left),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stand:
    """A run at a moment: its steps, those of them that are left, and when these will run."""

    now: datetime
    bound: int | None
    steps: Mapping[str, StepReport]
    planned: Mapping[str, StepPlanned]
    blocked: Mapping[str, tuple[str, ...]]
    """Step that cannot run → the steps at the root of it."""
    left: Mapping[str, Left]
    legs: Mapping[str, Leg]


def _look_ahead(
    began: RunBegan,
    records: tuple[Record, ...],
    expected: Expectations,
    now: datetime,
    *,
    at_work: bool,
) -> _Stand:
    steps = {step.id: step for step in step_reports(began.steps, records)}
    planned = {step.id: step for step in began.steps}
    command = _Command.of(records, at_work=at_work)
    blocked: dict[str, tuple[str, ...]] = {}
    for name, step in planned.items():
        roots = [root for need in step.needs for root in blocked.get(need, ())]
        if command.is_broken(steps[name], tries=expected.of(step).tries):
            blocked[name] = (name,)
        elif roots and steps[name].state not in SATISFIED:
            blocked[name] = tuple(dict.fromkeys(roots))
    over = {name for name in planned if steps[name].state in SATISFIED or name in blocked}
    urgent = _urgency(began, expected)
    left = {
        name: Left(
            needs=tuple(need for need in step.needs if need in planned and need not in over),
            lasts=expected.of(step).lasts,
            began=command.began(steps[name]),
            gate=step.kind == "gate",
            urgency=urgent[name],
        )
        for name, step in planned.items()
        if name not in over
    }
    return _Stand(
        now=now,
        bound=expected.bound,
        steps=steps,
        planned=planned,
        blocked=blocked,
        left=left,
        legs=schedule(left, now=now, bound=expected.bound),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Command:
    """The command that works on a run, or would carry on with it."""

    since: datetime
    over: bool
    """It has ended, or vanished: the next one does anew what was in flight."""

    @classmethod
    def of(cls, records: tuple[Record, ...], *, at_work: bool) -> _Command:
        since, over = records[0].at, False
        for record in records:
            if isinstance(record.body, RunResumed):
                since, over = record.at, False
            elif isinstance(record.body, RunEnded):
                over = True
        return cls(since=since, over=over or not at_work)

    def is_broken(self, step: StepReport, *, tries: int) -> bool:
        """Whether nothing goes on from ``step`` unless a person mends it."""
        made = sum(one.began >= self.since for one in step.tries)
        outcome = step.tries[-1].outcome if step.tries else None
        match step.state:
            case State.REFUSED:
                return True
            case State.NOT_RUN:
                return not step.because
            case State.FAILED:
                again = made == 0 or bool(outcome and outcome.transient and made < tries)
                return self.over or not again
            case State.UNKNOWN:
                return not self.over and made >= tries
            case _:
                return False

    def began(self, step: StepReport) -> datetime | None:
        """When what is in flight began; None for what has yet to begin, or begins anew."""
        if self.over:
            return None
        if step.state is State.RUNNING:
            return step.tries[-1].began
        return step.began if step.kind == "gate" else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recorded:
    """The graph as the journal has it."""

    steps: Mapping[str, StepPlanned]
    processes: Mapping[str, tuple[str, ...]]


def _urgency(began: RunBegan, expected: Expectations) -> Mapping[str, Urgency]:
    """As the engine has it: by budgets, whatever earlier runs took."""
    steps = {step.id: step for step in began.steps}
    goals = {goal.name: goal for goal in objectives(began.plan)}
    # the journal does not say how long a wait is: the plan does
    waits = {s.id: e.lasts for s in began.steps if (e := expected.of(s)).source is Source.WAIT}
    times = {s.id: by_budget(s.budget, kind=s.kind) for s in began.steps} | waits
    waiting = {s.id: tuple(p for p in s.processes if p in goals) for s in began.steps}
    return urgency(_Recorded(steps=steps, processes=waiting), goals, times)


def _process(goal: Objectives, ahead: _Stand, incident: Incident | None) -> ProcessForecast:
    name = last_proof(goal.name, ahead.steps)
    live = ahead.steps[name]
    skipped = live.state is State.SKIPPED
    leg = ahead.legs.get(name)
    return ProcessForecast(
        name=goal.name,
        back=live.ended if live.done else leg.end if leg else None,
        live=live.done,
        deadline=incident.start_for(goal.name) + goal.rto if incident else None,
        observed=incident is None or incident.observed_for(goal.name),
        stopped_by=(name,) if skipped else ahead.blocked.get(name, ()),
        path=_path(ahead, name) if leg else (),
    )


def _path(ahead: _Stand, to: str) -> tuple[Ahead, ...]:
    """The steps from now to ``to``, each the one that the next waits for last."""
    path = [to]
    while needs := ahead.left[path[-1]].needs:
        path.append(max(needs, key=lambda name: (ahead.legs[name].end, name)))
    return tuple(_ahead(ahead, name) for name in reversed(path))


def _ahead(ahead: _Stand, name: str) -> Ahead:
    step, leg, none = ahead.left[name], ahead.legs[name], timedelta(0)
    return Ahead(
        id=name,
        kind=ahead.planned[name].kind,
        began=step.began is not None,
        to_go=leg.end - max(leg.start, ahead.now),
        over=max(ahead.now - step.began - step.lasts, none) if step.began else none,
    )


def _helps(process: ProcessForecast, ahead: _Stand) -> tuple[Help, ...]:
    """What a person can do for a process that will be late, and what it gains by these numbers."""
    if process.live or not process.late or process.back is None:
        return ()
    found = []
    for step in process.path:
        if step.kind != "gate" and (step.kind != "check" or step.began):
            continue
        without = {**ahead.left, step.id: replace(ahead.left[step.id], lasts=timedelta(0))}
        legs = schedule(without, now=ahead.now, bound=ahead.bound)
        gain = process.back - legs[last_proof(process.name, ahead.steps)].end
        asked = step.kind == "gate" and step.began
        if asked or gain > timedelta(0):
            found.append(Help(step=step.id, kind=step.kind, asked=asked, gain=gain))
    return tuple(sorted(found, key=lambda help_: (-help_.gain, help_.step)))


def slowest(process: ProcessForecast, *, count: int = 2) -> tuple[Ahead, ...]:
    """The steps of its way that will take longest from now on, or take longer than they should;
    of these only a tool can be quicker, so without gates and waits."""
    work = [step for step in process.path if step.kind not in {"gate", "wait"}]
    return tuple(sorted(work, key=lambda step: -(step.to_go + step.over))[:count])
