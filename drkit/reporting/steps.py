"""How each step stands at the end of the journal: decides the state that a report shows.

A step that was never tried is "not run" if something that it needs did not end well or an accepted
problem left it out, and waits otherwise. One that a person skipped is skipped, whatever it did. It
never guesses a state that the graph and the records do not give.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from graphlib import TopologicalSorter

from drkit.engine.progress import left_out
from drkit.model.outcome import SATISFIED, Failure, State
from drkit.model.record import (
    PlanChanged,
    ProblemAccepted,
    Record,
    StepPlanned,
    StepReopened,
    StepSkipped,
    StepStarted,
)
from drkit.reporting.gates import GateStand, gate_stands
from drkit.reporting.tries import Try, tries_by_step

BAD = frozenset({State.FAILED, State.UNKNOWN, State.REFUSED, State.NOT_RUN})
"""States that stop what needs the step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepReport:
    """A step at the end of the journal. ``elapsed`` is the time of all its tries together; of a
    gate, the time until its answer."""

    id: str
    kind: str
    needs: tuple[str, ...]
    owner: str
    budget: timedelta | None
    processes: tuple[str, ...]
    state: State
    tries: tuple[Try, ...] = ()
    began: datetime | None = None
    ended: datetime | None = None
    elapsed: timedelta | None = None
    message: str = ""
    because: tuple[str, ...] = ()
    """For a step that was not run: the steps at the root of it."""
    until: datetime | None = None
    """When the limit of a gate that waits is over."""
    silent: bool = False
    """Nobody answered a gate within its limit."""

    @property
    def done(self) -> bool:
        return self.state is State.DONE

    @property
    def log(self) -> str:
        """Log of the last try; empty if there was none."""
        return self.tries[-1].log if self.tries else ""

    @property
    def changed(self) -> int | None:
        return self.tries[-1].outcome.changed if self.tries and self.tries[-1].outcome else None

    @property
    def failures(self) -> tuple[Failure, ...]:
        return self.tries[-1].outcome.failures if self.tries and self.tries[-1].outcome else ()

    @property
    def facts(self) -> Mapping[str, object]:
        return self.tries[-1].outcome.facts if self.tries and self.tries[-1].outcome else {}

    @property
    def share(self) -> float | None:
        """Time against budget: 1.0 is all of it. None without either."""
        return None if self.elapsed is None or not self.budget else self.elapsed / self.budget


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What the records say besides tries: gates, problems that left steps out."""

    gates: Mapping[str, GateStand] = field(default_factory=dict)
    skipped: Mapping[str, StepSkipped] = field(default_factory=dict)
    left_out: Mapping[str, ProblemAccepted] = field(default_factory=dict)
    undone: Collection[str] = ()
    """Steps that a change of the plan has undone, and that were not tried since."""


def step_reports(
    planned: tuple[StepPlanned, ...], records: tuple[Record, ...]
) -> tuple[StepReport, ...]:
    """Every planned step with its state: in the order they began, then those that never did."""
    tries = tries_by_step(records)
    said = _said(records)
    by_id = {step.id: step for step in planned}
    reports: dict[str, StepReport] = {}
    for step_id in _needed_first(planned):
        alone = _alone(by_id[step_id], tries.get(step_id, ()), said, as_of=records[-1].at)
        if skipped := said.skipped.get(step_id):
            reports[step_id] = _skipped(alone, skipped)
            continue
        needed = [reports[need] for need in alone.needs if need in reports]
        reports[step_id] = _among(alone, needed, said.left_out.get(step_id), as_of=records[-1].at)
    end_of_time = datetime.max.replace(tzinfo=records[-1].at.tzinfo)
    return tuple(sorted((reports[s.id] for s in planned), key=lambda s: s.began or end_of_time))


def wrong(steps: tuple[StepReport, ...]) -> tuple[StepReport, ...]:
    """The steps that someone must look at: failed, unknown, refused."""
    return tuple(s for s in steps if s.state in BAD and s.state is not State.NOT_RUN)


def noted(steps: tuple[StepReport, ...]) -> tuple[StepReport, ...]:
    """Stacks that are up, and of which there is something to say all the same: what became of their
    state, what they took instead of what the plan asks for first.
    """
    return tuple(s for s in steps if s.kind == "stack" and s.done and s.message)


def _said(records: tuple[Record, ...]) -> _Said:
    skipped: dict[str, StepSkipped] = {}
    undone: set[str] = set()
    for record in records:
        match record.body:
            case StepSkipped() as skip:
                skipped[skip.step] = skip
            case StepReopened(step=step):
                skipped.pop(step, None)
            case PlanChanged(again=again):
                undone.update(again)
            case StepStarted(step=step):
                undone.discard(step)
            case _:
                pass
    return _Said(
        gates=gate_stands(records), skipped=skipped, left_out=left_out(records), undone=undone
    )


def _skipped(report: StepReport, said: StepSkipped) -> StepReport:
    message = f"skipped by {said.operator}: {said.reason}"
    return replace(report, state=State.SKIPPED, message=message)


def _needed_first(planned: tuple[StepPlanned, ...]) -> Iterable[str]:
    known = {step.id for step in planned}
    graph = {step.id: [need for need in step.needs if need in known] for step in planned}
    return TopologicalSorter(graph).static_order()


def _alone(
    step: StepPlanned, tries: tuple[Try, ...], said: _Said, *, as_of: datetime
) -> StepReport:
    """The step by its own records."""
    last = tries[-1] if tries else None
    report = StepReport(
        id=step.id,
        kind=step.kind,
        needs=step.needs,
        owner=step.owner,
        budget=step.budget,
        processes=step.processes,
        state=last.state if last else State.WAITING,
        tries=tries,
        began=tries[0].began if tries else None,
        ended=last.ended if last else None,
        elapsed=_together(tries, as_of=as_of),
        message=_message(last),
    )
    if step.kind == "gate":
        return _of_gate(report, said.gates.get(step.id))
    if step.id in said.undone:
        message = "to run again: the plan was changed"
        return replace(report, state=State.WAITING, ended=None, message=message)
    return report


def _message(last: Try | None) -> str:
    if last is None:
        return ""
    if last.outcome is not None:
        return last.outcome.message
    return "no end of this try is recorded" if last.state is State.UNKNOWN else ""


def _together(tries: tuple[Try, ...], *, as_of: datetime) -> timedelta | None:
    spans = [
        one.elapsed if one.elapsed is not None else max(as_of - one.began, timedelta(0))
        for one in tries
        if one.elapsed is not None or one.state is State.RUNNING
    ]
    return sum(spans, timedelta()) if spans else None


def _of_gate(report: StepReport, stand: GateStand | None) -> StepReport:
    """A gate is what a person said: no try of a tool is recorded for it."""
    if stand is None:
        return report
    return replace(
        report,
        state=stand.state,
        began=stand.opened,
        ended=stand.ended,
        message=stand.message,
        until=stand.until,
        silent=stand.silent,
    )


def _among(
    report: StepReport,
    needed: list[StepReport],
    problem: ProblemAccepted | None,
    *,
    as_of: datetime,
) -> StepReport:
    """The step with the graph in view: one that was never tried may never be, and a gate is asked
    from when all that it needs is done or skipped."""
    if report.tries and report.state is not State.WAITING:
        return report
    if problem is not None:
        message = f"left out by {problem.operator}: {problem.problem} ({problem.reason})"
        return replace(report, state=State.NOT_RUN, message=message)
    bad = [step for step in needed if step.state in BAD]
    if bad and report.state is State.WAITING:
        roots = tuple(dict.fromkeys(root for step in bad for root in (step.because or (step.id,))))
        return replace(
            report, state=State.NOT_RUN, because=roots, message="needs " + ", ".join(roots)
        )
    if report.kind != "gate" or not all(step.state in SATISFIED for step in needed):
        return report
    # journals of before gates were recorded as opened
    asked = report.began or max((step.ended for step in needed if step.ended), default=report.ended)
    elapsed = max((report.ended or as_of) - asked, timedelta(0)) if asked else None
    return replace(report, began=asked, elapsed=elapsed)
