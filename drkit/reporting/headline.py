"""The one sentence that stands on top of every rendering: decides what a person reads first.

It names what counts for the exit code: a failed step before a failed check, a failed check before
a missed objective. It gives no advice that the records do not bear out.
"""

from __future__ import annotations

from drkit.errors import Exit
from drkit.model.outcome import SATISFIED, State
from drkit.model.place_record import CopyRemoved
from drkit.model.quantities import format_duration
from drkit.model.step import RunKind
from drkit.reporting.processes import ProcessReport
from drkit.reporting.steps import StepReport
from drkit.reporting.verdict import CHECKS, Verdict

_NOT_BACK = {
    RunKind.DEPLOY: "Not live",
    RunKind.REBUILD: "Still down",
    RunKind.VALIDATE: "Not proven",
    RunKind.STANDBY: "Not up",
}


_AGAIN = {
    RunKind.DEPLOY: "carries on",
    RunKind.REBUILD: "carries on",
    RunKind.VALIDATE: "takes away what is left, and begins another",
    RunKind.STANDBY: "carries on",
}


def still_there(taken_away: tuple[CopyRemoved, ...]) -> str:
    """What was to be taken away and is still there, as a sentence; empty where nothing is."""
    stays = [f"{each.generation}: {names(tuple(each.stays))}" for each in taken_away if each.stays]
    return f" Still there: {'; '.join(stays)}." if stays else ""


def headline(
    code: Exit,
    *,
    processes: tuple[ProcessReport, ...],
    steps: tuple[StepReport, ...],
    kind: RunKind,
    interrupted: bool = False,
    left_behind: bool = False,
) -> str:
    """One or two sentences, plain text. ``interrupted``: a person ended the run's last command;
    ``left_behind``: a person gave up what the run had built.
    """
    if left_behind:
        return "Left behind by a person: another run builds the next generation."
    down = names(tuple(p.name for p in processes if not (p.live or _served_elsewhere(p))))
    stays = f" {_NOT_BACK[kind]}: {down}." if down else ""
    match code:
        case Exit.OK:
            return _all_well(processes, kind)
        case Exit.WAITS:
            return _waiting(steps) + stays
        case Exit.STEP_FAILED:
            failed = [s for s in steps if s.state is State.FAILED and s.kind not in CHECKS]
            if not failed:  # but something stays that was to be taken away
                return "The copy was not wholly taken away." + stays
            return f"{_count(len(failed), 'step')} failed: {_ids(failed)}." + stays
        case Exit.CHECK_FAILED:
            failed = [s for s in steps if s.state is State.FAILED]
            said = f"{_count(len(failed), 'check')} failed: {_ids(failed)}."
            return said + "".join(f" {s.message}." for s in failed if s.kind == "drift") + stays
        case Exit.OBJECTIVE_MISSED:
            return _missed(processes) + stays
        case _:
            return _unknown(processes, steps, kind, interrupted=interrupted) + stays


def _served_elsewhere(process: ProcessReport) -> bool:
    """Whether its clock has stopped although it is not live: the old site serves its customers."""
    return process.rto is not None and not process.rto.down.open


def _all_well(processes: tuple[ProcessReport, ...], kind: RunKind) -> str:
    count = _count(len(processes), "process is", "processes are")
    if kind is RunKind.DEPLOY:
        return f"{count} proven live."
    if kind is RunKind.STANDBY:
        return "The standby stands; a rebuild goes on from there."
    if kind is RunKind.VALIDATE:
        return f"{count} proven to come back within RTO and RPO."
    if any(process.rpo and process.rpo.loss.missing for process in processes):
        return f"{count} proven live, within RTO and RPO."
    return f"{count} proven live, within RTO; nothing that was promised is lost."


def _waiting(steps: tuple[StepReport, ...]) -> str:
    gates = [
        s for s in steps if s.kind == "gate" and s.state is State.WAITING and s.began is not None
    ]
    return f"A person must answer {_ids(gates) or 'a gate'}; the same command carries on."


def _missed(processes: tuple[ProcessReport, ...]) -> str:
    parts = []
    for process in processes:
        if process.rto and process.rto.verdict is Verdict.MISSED:
            over = process.rto.down.length - process.objectives.rto
            parts.append(f"{process.name} missed its RTO by {format_duration(over)}")
        loss = process.rpo.loss.achieved if process.rpo else None
        if process.rpo and process.rpo.verdict is Verdict.MISSED and loss is not None:
            over = loss - process.objectives.rpo
            parts.append(f"{process.name} missed its RPO by {format_duration(over)}")
    failed = [p.name for p in processes if p.rto and p.rto.verdict is Verdict.FAILED]
    if failed:
        parts.append(f"{names(tuple(failed))} left out")
    return "; ".join(parts) + "."


def _unknown(
    processes: tuple[ProcessReport, ...],
    steps: tuple[StepReport, ...],
    kind: RunKind,
    *,
    interrupted: bool,
) -> str:
    again = _AGAIN[kind]
    lost = [s for s in steps if s.state is State.UNKNOWN]
    if lost:
        return f"What {_ids(lost)} did is not known; the same command looks before it acts."
    if interrupted:
        return f"Interrupted by a person; the same command {again}."
    refused = [s for s in steps if s.state is State.REFUSED]
    if refused and all(step.silent for step in refused):
        return f"Nobody answered {_ids(refused)} in time, and silence is a no."
    if refused:
        return f"Refused by a person at {_ids(refused)}."
    skipped = [s for s in steps if s.state is State.SKIPPED]
    if skipped and all(s.state in SATISFIED for s in steps):
        return f"Skipped by a person, so not proven: {_ids(skipped)}."
    running = [s for s in steps if s.state in {State.RUNNING, State.WAITING}]
    if running:
        return f"No end of this run is recorded; the same command {again}."
    return "; ".join(_doubts(processes)) + "."


def _doubts(processes: tuple[ProcessReport, ...]) -> list[str]:
    doubts = []
    rto = [p.name for p in processes if p.rto and p.rto.verdict is Verdict.UNKNOWN]
    if rto:
        doubts.append(f"RTO unknown for {names(tuple(rto))} (start of the incident not observed)")
    rpo = [p for p in processes if p.rpo and p.rpo.verdict is Verdict.UNKNOWN]
    if rpo:
        reasons = dict.fromkeys(
            p.rpo.loss.reason or "start of the incident not observed" for p in rpo if p.rpo
        )
        which = names(tuple(p.name for p in rpo))
        doubts.append(f"RPO unknown for {which} ({', '.join(reasons)})")
    return doubts or ["The run came to no verdict"]


def _ids(steps: list[StepReport]) -> str:
    return names(tuple(step.id for step in steps))


def names(found: tuple[str, ...]) -> str:
    """The first five of ``found``, and how many there are besides."""
    return ", ".join(found[:5]) + (f" and {len(found) - 5} more" if len(found) > 5 else "")


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
