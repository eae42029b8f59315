"""Where a run stands: a fold over its records, and nothing besides.

Invariant: the same records give the same stand, on any machine, at any time. A step that was
started and never ended is UNKNOWN: whoever resumes looks before doing it again (law 4).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from drkit.model.outcome import SATISFIED, Outcome, State
from drkit.model.place_record import CopyRemoved
from drkit.model.record import (
    GateAnswered,
    GateOverdue,
    GenerationLeft,
    PlanChanged,
    ProblemAccepted,
    Record,
    RunBegan,
    RunResumed,
    RunTakenOver,
    StepEnded,
    StepReopened,
    StepSkipped,
    StepStarted,
)
from drkit.ports import Journal


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """The state of each step that has a record, its tries, and the facts of those done."""

    states: Mapping[str, State] = field(default_factory=dict)
    tries: Mapping[str, int] = field(default_factory=dict)
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)

    @property
    def facts(self) -> dict[str, Mapping[str, object]]:
        """Step id → facts, for steps that are done."""
        return {name: o.facts for name, o in self.outcomes.items() if o.done}


def stand(records: Iterable[Record]) -> Stand:
    """Fold ``records``, oldest first. A step that is left out counts as refused."""
    records = tuple(records)
    states: dict[str, State] = {}
    tries: dict[str, int] = {}
    outcomes: dict[str, Outcome] = {}
    for record in records:
        _take_outcome(outcomes, record)
        match record.body:
            case StepStarted(step=step, number=number):
                states[step] = State.UNKNOWN
                tries[step] = number
            case StepEnded(step=step, outcome=outcome):
                states[step] = outcome.state
            case GateAnswered(step=step) | GateOverdue(step=step, asks=None):
                yes = isinstance(record.body, GateAnswered) and record.body.consent
                states[step] = State.DONE if yes else State.REFUSED
            case StepSkipped(step=step):
                states[step] = State.SKIPPED
            case StepReopened(step=step):
                states.pop(step, None)
            case PlanChanged(again=again, dropped=dropped):
                for step in (*again, *dropped):
                    states.pop(step, None)
            case _:
                pass
    states.update(dict.fromkeys(left_out(records), State.REFUSED))
    return Stand(states=states, tries=tries, outcomes=outcomes)


def _take_outcome(outcomes: dict[str, Outcome], record: Record) -> None:
    """Into ``outcomes``, the last of each step: what ``record`` says of them."""
    match record.body:
        case StepEnded(step=step, outcome=outcome):
            outcomes[step] = outcome
        case PlanChanged(dropped=dropped):
            for step in dropped:
                outcomes.pop(step, None)
        case _:
            pass


class Told:
    """What each try is told of those before it, as a journal grows.

    Reads each record once: read from its start for each try, the journal of a run costs the square
    of the run's steps.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._read = 0
        self._outcomes: dict[str, Outcome] = {}
        self._lost: tuple[str, ...] = ()

    def now(self) -> tuple[Mapping[str, Mapping[str, object]], tuple[str, ...]]:
        """The facts of the steps that are done, as in :class:`Stand`, and the lost machines."""
        news = self._journal.records(since=self._read)
        self._read += len(news)
        for record in news:
            _take_outcome(self._outcomes, record)
        self._lost += lost_machines(news)
        return Stand(outcomes=self._outcomes).facts, self._lost


def left_out(records: Iterable[Record]) -> Mapping[str, ProblemAccepted]:
    """Step → the accepted problem that leaves it out now.

    It does so for the command that accepted it: a problem that was mended since is not accepted
    again, and its steps run, with what was known of them before. A step that is done stays done.
    """
    found: dict[str, ProblemAccepted] = {}
    done: set[str] = set()
    for record in records:
        match record.body:
            case StepEnded(step=step, outcome=Outcome(done=True)):
                done.add(step)
            case GateAnswered(step=step, consent=True):
                done.add(step)
            case PlanChanged(again=again):
                done.difference_update(again)
            case RunResumed():
                found.clear()
            case ProblemAccepted(affects=affects) as problem:
                found.update({step: problem for step in affects if step not in done})
            case _:
                pass
    return found


def run_of(records: Sequence[Record]) -> RunBegan | None:
    """How a run began, with plan and steps as they are now: of the last change of the plan that a
    person accepted. None where ``records`` do not begin with the start of a run.
    """
    began = records[0].body if records else None
    if not isinstance(began, RunBegan):
        return None
    for record in reversed(records):
        if isinstance(changed := record.body, PlanChanged):
            return replace(began, plan=changed.plan, steps=changed.steps)
    return began


def command_of(records: Iterable[Record]) -> RunBegan | RunResumed | None:
    """What the newest command on a run recorded first; None where nothing began."""
    found: RunBegan | RunResumed | None = None
    for record in records:
        if isinstance(record.body, RunBegan | RunResumed):
            found = record.body
    return found


def owner_of(records: Iterable[Record]) -> str:
    """Public key of the place that writes the run by now; empty where it does not sign."""
    key = ""
    for record in records:
        if isinstance(record.body, RunBegan | RunResumed | RunTakenOver):
            key = record.body.key
    return key


def lost_machines(records: Iterable[Record]) -> tuple[str, ...]:
    """Names of the machines from which a person took the run over."""
    bodies = (record.body for record in records)
    return tuple(
        body.before.rpartition("@")[2] for body in bodies if isinstance(body, RunTakenOver)
    )


def is_left(records: Sequence[Record]) -> bool:
    """Whether a person gave up the generation that this run has built."""
    run = run_of(records)
    return run is not None and is_left_in(records, run.target.name)


def is_left_in(records: Iterable[Record], generation: str) -> bool:
    """Whether ``records`` say that a person gave ``generation`` up."""
    bodies = (record.body for record in records)
    return any(
        isinstance(body, GenerationLeft) and body.generation == generation for body in bodies
    )


def is_taken_away(records: Sequence[Record]) -> bool:
    """Whether what this run has built was taken away by it: a validation's copy."""
    run = run_of(records)
    bodies = (record.body for record in records)
    gone = {body.generation for body in bodies if isinstance(body, CopyRemoved)}
    return run is not None and run.target.name in gone


def may_have_opened(records: Sequence[Record]) -> bool:
    """Whether customers were on what this run has built, or may have been: it raised the epoch, or
    did not say how that ended.
    """
    states, run = stand(records).states, run_of(records)
    raising = [step.id for step in run.steps if step.kind == "epoch"] if run else []
    return any(states.get(step) in {State.DONE, State.UNKNOWN} for step in raising)


def is_over(records: Sequence[Record]) -> bool:
    """Whether nothing is left that the same command would carry on with.

    A step that failed, or was left out for a problem that was accepted, keeps the run open: once it
    is mended the same command runs it. A "no" at a gate that the cutover needs, also one by
    silence, ends the run; so does leaving what it has built behind, or taking it away.
    """
    if is_left(records) or is_taken_away(records):
        return True
    states, run, refused = stand(records).states, run_of(records), _refused(records)
    planned = run.steps if run is not None else ()
    given_up: set[str] = set()
    for step in planned:
        if step.id in refused or given_up & set(step.needs):
            given_up.add(step.id)
    if any(step.kind == "epoch" and step.id in given_up for step in planned):
        return True
    return all(states.get(s.id) in SATISFIED for s in planned if s.id not in given_up)


def _refused(records: Iterable[Record]) -> frozenset[str]:
    """The gates at which somebody said no to the plan as it is now, or nobody said anything in
    time.
    """
    found: set[str] = set()
    for record in records:
        match record.body:
            case GateAnswered(step=step, consent=False) | GateOverdue(step=step, asks=None):
                found.add(step)
            case PlanChanged(again=again):
                found.difference_update(again)
            case _:
                pass
    return frozenset(found)
