"""The report as JSON, for programs: the shape is report.schema.json, and changes with its version.

Decides names and units of the published form: durations in seconds, money in hundredths, times in
ISO 8601 UTC. Leaves nothing of the report out. The line and the changes are the only part that
other journals have a say in: the runs that stand in ``runs_before``.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from drkit.adapters.json_values import moment, seconds
from drkit.adapters.render_changes import changes
from drkit.model.outcome import Failure
from drkit.model.place_record import CopyRemoved
from drkit.model.quantities import Money
from drkit.model.record import GateAnswered, GenerationLeft, PlanChanged, ProblemAccepted
from drkit.reporting.clocks import Incident
from drkit.reporting.downtime import Part, downtime_parts
from drkit.reporting.history import Compared, beside
from drkit.reporting.losses import Promise
from drkit.reporting.moving import Move
from drkit.reporting.processes import ProcessReport, RpoResult, RtoResult
from drkit.reporting.report import Header, Report
from drkit.reporting.steps import StepReport
from drkit.reporting.summary import summary
from drkit.reporting.tries import Try

VERSION = 1


def render(report: Report, *, compared: Compared | None = None) -> str:
    """One JSON object, indented, with a newline at its end. ``compared``: the run of ``report``
    beside those before it; None: it stands alone."""
    compared = compared or beside(report, ())
    shape = {
        "version": VERSION,
        "run": _header(report.header),
        "exit": int(report.exit),
        "headline": report.headline,
        "summary": summary(compared),
        "runs_before": [run.name for run in compared.before],
        "changes": changes(compared.changes),
        "processes": [_process(process) for process in report.processes],
        "lost": {
            "promises": [_promise(promise) for promise in report.lost],
            "money": [_money(money) for money in report.lost_money],
            "at_least": not report.losses_known,
            "before": {
                run: [_promise(promise) for promise in promises]
                for run, promises in report.lost_by_rebuild.items()
            },
        },
        "move": _move(report.header.move, downtime_parts(report)) if report.header.move else None,
        "cost": {**_money(report.cost), "at_least": report.cost_open} if report.cost else None,
        "steps": [_step(step) for step in report.steps],
        "critical_path": list(report.critical_path),
        "consents": [_consent(report, at, answer) for at, answer in report.consents],
        "accepted_problems": [_problem(problem) for problem in report.accepted],
        "plan_changes": [_plan_change(at, change) for at, change in report.plan_changes],
        "left_behind": [_left_behind(at, left) for at, left in report.left_behind],
        "removed_copies": [_removed(copy) for copy in report.taken_away],
        "versions": dict(report.versions),
        "plan": dict(report.plan),
    }
    return json.dumps(shape, indent=2, ensure_ascii=False) + "\n"


def identity(header: Header) -> dict[str, object]:
    """Which run it is, and of what: as every JSON of a result tells it."""
    return {
        "id": header.run,
        "kind": header.kind.value,
        "shop": header.target.shop,
        "region": header.target.region,
        "generation": header.target.generation,
        "target": header.target.name,
        "sandbox": header.sandbox,
    }


def _header(header: Header) -> dict[str, object]:
    return {
        **identity(header),
        "serving_before": header.serving_before,
        "operator": header.operator,
        "began": moment(header.began),
        "as_of": moment(header.as_of),
        "length_seconds": seconds(header.length),
        "stand": header.stand,
        "pauses": [{"start": moment(p.start), "end": moment(p.end)} for p in header.pauses],
        "clock_set_back_seconds": seconds(header.set_back),
        "incident": _incident(header.incident) if header.incident else None,
    }


def _move(move: Move, parts: tuple[Part, ...]) -> dict[str, object]:
    return {
        "closed": moment(move.closed) if move.closed else None,
        "caught_up": moment(move.caught_up) if move.caught_up else None,
        "given_up": moment(move.given_up) if move.given_up else None,
        "reopened": moment(move.reopened) if move.reopened else None,
        "served": moment(move.served) if move.served else None,
        "without_the_shop": [
            {"part": part.name, "seconds": seconds(part.length)} for part in parts
        ],
    }


def _incident(incident: Incident) -> dict[str, object]:
    return {
        "start": moment(incident.start),
        "source": incident.source,
        "observed": incident.observed,
    }


def _process(process: ProcessReport) -> dict[str, object]:
    goal = process.objectives
    return {
        "name": process.name,
        "live": process.live,
        "live_after_seconds": seconds(process.time_to_live),
        "held_up_by": list(process.held_up_by),
        "impact_per_day": _money(goal.impact.per_day),
        "rto": _rto(process.rto, goal.rto) if process.rto else None,
        "rpo": _rpo(process.rpo, goal.rpo) if process.rpo else None,
        "cost": {**_money(process.cost), "at_least": process.rto.down.at_least}
        if process.cost and process.rto
        else None,
    }


def _rto(result: RtoResult, objective: timedelta) -> dict[str, object]:
    down = result.down
    return {
        "objective_seconds": seconds(objective),
        "down_from": moment(down.start),
        "down_until": moment(down.end) if down.end else None,
        "down_seconds": seconds(down.length),
        "at_least": down.at_least,
        "verdict": result.verdict.value,
    }


def _rpo(result: RpoResult, objective: timedelta) -> dict[str, object]:
    loss = result.loss
    return {
        "objective_seconds": seconds(objective),
        "achieved_seconds": seconds(loss.achieved),
        "at_most": loss.at_most,
        "ledger": loss.ledger,
        "lost_promises": len(loss.missing),
        "lost_ids": [promise.id for promise in loss.missing],
        "lost_money": [_money(money) for money in loss.money],
        "reason": loss.reason,
        "verdict": result.verdict.value,
    }


def _step(step: StepReport) -> dict[str, object]:
    return {
        "id": step.id,
        "kind": step.kind,
        "state": step.state.value,
        "needs": list(step.needs),
        "because": list(step.because),
        "processes": list(step.processes),
        "owner": step.owner,
        "began": moment(step.began) if step.began else None,
        "ended": moment(step.ended) if step.ended else None,
        "elapsed_seconds": seconds(step.elapsed),
        "budget_seconds": seconds(step.budget),
        "changed": step.changed,
        "message": step.message,
        "log": step.log,
        "failures": [_failure(failure) for failure in step.failures],
        "tries": [_try(one) for one in step.tries],
        "facts": dict(step.facts),
    }


def _try(one: Try) -> dict[str, object]:
    return {
        "number": one.number,
        "began": moment(one.began),
        "ended": moment(one.ended) if one.ended else None,
        "elapsed_seconds": seconds(one.elapsed),
        "state": one.state.value,
        "log": one.log,
        "digest": one.digest,
    }


def _failure(failure: Failure) -> dict[str, object]:
    return {
        "message": failure.message,
        "host": failure.host,
        "task": failure.task,
        "remedy": failure.remedy,
    }


def _promise(promise: Promise) -> dict[str, object]:
    return {
        "ledger": promise.ledger,
        "id": promise.id,
        "at": moment(promise.at),
        "what": promise.what,
        "money": _money(promise.money) if promise.money else None,
    }


def _consent(report: Report, at: datetime, answer: GateAnswered) -> dict[str, object]:
    return {
        "step": answer.step,
        "at": moment(at),
        "person": answer.person,
        "role": answer.role,
        "consent": answer.consent,
        "comment": answer.comment,
        "signed": answer.signed,
        "broken_code": answer.broken or None,
        "alone": answer.step in report.alone,
    }


def _problem(problem: ProblemAccepted) -> dict[str, object]:
    return {
        "problem": problem.problem,
        "reason": problem.reason,
        "operator": problem.operator,
        "affects": list(problem.affects),
    }


def _plan_change(at: datetime, change: PlanChanged) -> dict[str, object]:
    return {
        "at": moment(at),
        "changes": list(change.changes),
        "again": list(change.again),
        "kept": list(change.kept),
        "dropped": list(change.dropped),
        "reason": change.reason,
        "operator": change.operator,
    }


def _removed(copy: CopyRemoved) -> dict[str, object]:
    return {
        "generation": copy.generation,
        "removed": dict(copy.removed),
        "stays": dict(copy.stays),
        "seconds": seconds(copy.elapsed),
    }


def _left_behind(at: datetime, left: GenerationLeft) -> dict[str, object]:
    return {
        "at": moment(at),
        "generation": left.generation,
        "next": left.next,
        "built_by": left.built_by or None,
        "run": left.run,
        "reason": left.reason,
        "operator": left.operator,
    }


def _money(money: Money) -> dict[str, object]:
    return {"cents": money.cents, "currency": money.currency}
