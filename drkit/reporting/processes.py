"""Each business process's line of the report: decides when it was live, what stops it, and both
of its verdicts. The numbers of the plan (RTO, RPO, impact) come from the journal's copy of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from drkit.errors import JournalDamaged
from drkit.model.outcome import State
from drkit.model.quantities import Impact, Money, parse_duration, parse_impact
from drkit.model.step import last_proof
from drkit.reporting.clocks import Downtime, Incident
from drkit.reporting.losses import Loss, exposure_of, loss_of
from drkit.reporting.steps import BAD, StepReport
from drkit.reporting.verdict import Verdict, rpo_verdict, rto_verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Objectives:
    """A process as the plan has it."""

    name: str
    rto: timedelta
    rpo: timedelta
    impact: Impact
    ledger: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RtoResult:
    down: Downtime
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class RpoResult:
    loss: Loss
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessReport:
    """``time_to_live`` runs from the start of the run to the last proof, and is None before it.
    ``rto`` and ``rpo`` are None in a deployment: nothing was down. ``cost`` is None there and in a
    drill, which cost no customer anything."""

    name: str
    objectives: Objectives
    time_to_live: timedelta | None
    rto: RtoResult | None
    rpo: RpoResult | None
    cost: Money | None
    held_up_by: tuple[str, ...]
    """Steps that it still waits for or that stopped it; empty once it is live."""

    @property
    def live(self) -> bool:
        return self.time_to_live is not None

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        return tuple(result.verdict for result in (self.rto, self.rpo) if result is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The run that a process is looked at in. ``incident`` is None in a deployment."""

    began: datetime
    as_of: datetime
    incident: Incident | None
    served: datetime | None = None
    """When the old site served its customers, whatever became of the new one."""
    drill: bool = False
    """Nobody was without the shop: what it measures is how long they would have been."""


def process_reports(
    plan: Mapping[str, object], steps: tuple[StepReport, ...], span: Span
) -> tuple[ProcessReport, ...]:
    """The processes in the plan's order. Raises JournalDamaged if its copy of the plan cannot be
    read."""
    return tuple(_process(named, steps, span) for named in objectives(plan))


def objectives(plan: Mapping[str, object]) -> tuple[Objectives, ...]:
    """The numbers of ``plan`` (as ``drkit.yaml`` has them: ``2h``, ``50000/day``) as values."""
    try:
        currency = str(plan["currency"])
        processes = plan.get("processes")
        if not isinstance(processes, Mapping):
            raise TypeError("processes is no mapping")
        return tuple(
            Objectives(
                name=name,
                rto=parse_duration(entry["rto"]),
                rpo=parse_duration(entry["rpo"]),
                impact=parse_impact(entry["impact"], currency=currency),
                ledger=entry.get("ledger"),
            )
            for name, entry in processes.items()
        )
    except (KeyError, TypeError, ValueError) as error:
        raise JournalDamaged(
            f"the journal's copy of the plan cannot be read: {error!r}",
            remedy="it was written by another version of drkit, or changed since",
        ) from error


def _process(goal: Objectives, steps: tuple[StepReport, ...], span: Span) -> ProcessReport:
    by_id = {step.id: step for step in steps}
    proof = by_id.get(last_proof(goal.name, by_id))
    end = proof.ended if proof is not None and proof.done else None
    on_the_way = _on_the_way(proof, by_id) if proof is not None and end is None else ()
    rto, rpo, cost = None, None, None
    if span.incident is not None:
        start = span.incident.start_for(goal.name)
        observed = span.incident.observed_for(goal.name)
        back = end or span.served
        down = Downtime(start=start, end=back, as_of=span.as_of, observed=observed)
        broken = any(_is_broken(step) for step in on_the_way)
        rto = RtoResult(down=down, verdict=rto_verdict(down, goal.rto, broken=broken))
        if span.drill:
            way = [step for step in steps if goal.name in step.processes]
            loss = exposure_of(goal.ledger, way)
        else:
            loss = loss_of(goal.ledger, steps=steps, start=start, observed=observed)
            cost = goal.impact.over(down.length)
        rpo = RpoResult(loss=loss, verdict=rpo_verdict(loss, goal.rpo))
    return ProcessReport(
        name=goal.name,
        objectives=goal,
        time_to_live=max(end - span.began, timedelta(0)) if end is not None else None,
        rto=rto,
        rpo=rpo,
        cost=cost,
        held_up_by=_held_up_by(on_the_way),
    )


def _on_the_way(proof: StepReport, by_id: Mapping[str, StepReport]) -> tuple[StepReport, ...]:
    """``proof`` and all that it needs, near or far, as long as it is not done."""
    seen: dict[str, StepReport] = {}
    ahead = [proof]
    while ahead:
        step = ahead.pop()
        if step.id in seen or step.done:
            continue
        seen[step.id] = step
        ahead.extend(by_id[need] for need in step.needs if need in by_id)
    return tuple(by_id[step] for step in by_id if step in seen)


def _is_broken(step: StepReport) -> bool:
    """Failed, or left out by an accepted problem (not run, and no other step is the reason)."""
    return step.state is State.FAILED or (step.state is State.NOT_RUN and not step.because)


def _held_up_by(on_the_way: tuple[StepReport, ...]) -> tuple[str, ...]:
    """The roots: what went wrong; if nothing did, what is at work or awaits a person."""
    wrong = [s.id for s in on_the_way if s.state in BAD and not s.because]
    if wrong:
        return tuple(wrong)
    at_work = [
        s.id
        for s in on_the_way
        if s.state is State.RUNNING or (s.state is State.WAITING and s.began is not None)
    ]
    return tuple(at_work or [step.id for step in on_the_way[:1]])
