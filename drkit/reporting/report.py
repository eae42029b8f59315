"""The report of a run: a pure function of its journal, and the value that every rendering shows.

Decides what belongs in a report. Refuses a journal that does not begin with the start of a run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from drkit.engine.progress import is_left, run_of
from drkit.errors import Exit, JournalDamaged
from drkit.model.place_record import CopyRemoved
from drkit.model.quantities import Money, format_duration
from drkit.model.record import (
    GateAnswered,
    GenerationLeft,
    PlanChanged,
    ProblemAccepted,
    Record,
    RunBegan,
    RunEnded,
    RunResumed,
    Target,
)
from drkit.model.step import RunKind
from drkit.reporting.clocks import Incident, incident_of
from drkit.reporting.gates import answered_alone, shouts
from drkit.reporting.headline import headline, still_there
from drkit.reporting.losses import Promise, by_rebuild, distinct, total
from drkit.reporting.moving import Move, move_of
from drkit.reporting.path import critical_path
from drkit.reporting.processes import ProcessReport, Span, process_reports
from drkit.reporting.steps import StepReport, step_reports
from drkit.reporting.verdict import exit_code

STAND_IN = "in the sandbox: moto and a plug-in of drkit's own stand in for AWS, all else is real"
"""Said wherever a person reads of a run that was in no real cloud."""


_SOURCES = {
    "probe": "first failure of the unbroken row seen by drkit probe",
    "since": "given by the operator (--since)",
    "planned": "when the old site was closed",
    "validation": "none: a validation, whose clocks start with its first step",
    "run": "not observed: start of the run, so every time is at least",
}
_CLOCKS_DIFFER = timedelta(seconds=1)
"""Two machines write a run that was taken over: so far apart their clocks are taken to be right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A time in which drkit did not work on the run: it had ended or vanished, and came back.

    Never below zero: of one in which the clock was set back, no length is known.
    """

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Which run this is, and how far its journal goes."""

    run: str
    kind: RunKind
    target: Target
    sandbox: bool
    """The regions were the sandbox's: the cloud, and nothing else, was a stand-in."""
    operator: str
    serving_before: str | None
    began: datetime
    as_of: datetime
    """Time of the journal's last record: nothing later is known."""
    stand: str
    """``finished``, ``waits``, ``interrupted``; ``running``: no end was recorded; ``left behind``:
    a person gave up what it had built."""
    pauses: tuple[Pause, ...]
    """One for each time that the run was taken up again."""
    set_back: timedelta
    """By how much the clock was set back while the run was recorded, the greatest step: nothing
    that is told from two moments is surer than that. Zero where it was not."""
    incident: Incident | None
    """None in a deployment, and of a standby."""
    move: Move | None = None
    """None of a run that did not begin as a planned one."""

    @property
    def drill(self) -> bool:
        """Nobody was without the shop, nothing was lost: what is told is what would have been."""
        return self.kind is RunKind.VALIDATE

    @property
    def served(self) -> datetime | None:
        """When the old site served its customers: given back, or not closed yet. Else None."""
        if self.move is None or self.move.given_up or self.move.keeps_closed:
            return None
        return self.move.served or self.as_of

    @property
    def incident_said(self) -> str:
        """Where the start of the incident comes from; empty where there is none."""
        if self.incident is None:
            return ""
        if self.incident.source == "planned" and (self.move is None or self.move.closed is None):
            return "none so far: a planned move, and the old site serves"
        if self.incident.source == "probe" and not self.incident.observed:
            return f"{_SOURCES['probe']}: it failed when it was first asked, so times are at least"
        return _SOURCES.get(self.incident.source, self.incident.source)

    @property
    def length(self) -> timedelta:
        return max(self.as_of - self.began, timedelta(0))

    @property
    def clock_said(self) -> str:
        """What to know of the clock; empty where it was not set back."""
        if not self.set_back:
            return ""
        return (
            f"was set back by {format_duration(self.set_back)} during the run: downtimes, pauses"
            " and waits are no surer than that (how long each try took is)"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that is said about a run. ``lost`` names each missing promise once, though processes
    may share a ledger."""

    header: Header
    exit: Exit
    headline: str
    processes: tuple[ProcessReport, ...]
    """None of a standby, which brings none back."""
    steps: tuple[StepReport, ...]
    critical_path: tuple[str, ...]
    lost: tuple[Promise, ...]
    lost_money: tuple[Money, ...]
    lost_before: tuple[Promise, ...]
    """What earlier rebuilds had lost, and is missing still: nothing that this run has lost."""
    cost: Money | None
    """Of all processes together; None in a deployment."""
    consents: tuple[tuple[datetime, GateAnswered], ...]
    alone: frozenset[str]
    """Gates at which one person alone sent the customers over: no second one was asked."""
    accepted: tuple[ProblemAccepted, ...]
    plan_changes: tuple[tuple[datetime, PlanChanged], ...]
    taken_away: tuple[CopyRemoved, ...]
    """What a validation took away: its own copy, and before that what earlier ones had left."""
    left_behind: tuple[tuple[datetime, GenerationLeft], ...]
    """The generation in whose place this run builds; or this run's own, which another replaces."""
    versions: Mapping[str, str]
    plan: Mapping[str, object]
    """As it is now: that of the last change that was accepted."""

    @property
    def cost_open(self) -> bool:
        """The cost is "at least": a clock's start was not observed, or one has not stopped."""
        return any(p.rto.down.at_least for p in self.processes if p.rto is not None)

    @property
    def lost_by_rebuild(self) -> Mapping[str, tuple[Promise, ...]]:
        """``lost_before``, by the rebuilds that lost it, the earliest first."""
        return by_rebuild(self.lost_before)

    @property
    def losses_known(self) -> bool:
        """False: a ledger was not read or is not named, so ``lost`` is "at least"."""
        return all(p.rpo.loss.achieved is not None for p in self.processes if p.rpo is not None)


def report(records: tuple[Record, ...]) -> Report:
    """What the run in ``records`` came to. Raises JournalDamaged if they are not a run's."""
    began = run_of(records)
    if began is None:
        raise JournalDamaged("the journal does not begin with the start of a run")
    header = _header(began, records)
    steps = step_reports(began.steps, records)
    back = began.kind.brings_back
    processes = process_reports(began.plan, steps, _span(header)) if back else ()
    losses = [process.rpo.loss for process in processes if process.rpo is not None]
    lost = distinct(promise for loss in losses for promise in loss.missing)
    taken_away = tuple(r.body for r in records if isinstance(r.body, CopyRemoved))
    consents = tuple((r.at, r.body) for r in records if isinstance(r.body, GateAnswered))
    code = exit_code(
        steps,
        [verdict for process in processes for verdict in process.verdicts],
        waits=header.stand == "waits",
        stays=any(copy.stays for copy in taken_away),
    )
    said = headline(
        code,
        processes=processes,
        steps=steps,
        kind=began.kind,
        interrupted=header.stand == "interrupted",
        left_behind=header.stand == "left behind",
    )
    said += still_there(taken_away) + shouts(answer for _, answer in consents)
    return Report(
        header=header,
        exit=code,
        headline=said,
        processes=processes,
        steps=steps,
        critical_path=critical_path(steps),
        lost=lost,
        lost_money=total(lost),
        lost_before=distinct(promise for loss in losses for promise in loss.before),
        cost=_cost(processes),
        consents=consents,
        alone=answered_alone(records, began.steps),
        accepted=tuple(r.body for r in records if isinstance(r.body, ProblemAccepted)),
        plan_changes=tuple((r.at, r.body) for r in records if isinstance(r.body, PlanChanged)),
        left_behind=tuple((r.at, r.body) for r in records if isinstance(r.body, GenerationLeft)),
        taken_away=taken_away,
        versions=began.versions,
        plan=began.plan,
    )


def _span(header: Header) -> Span:
    return Span(
        began=header.began,
        as_of=header.as_of,
        incident=header.incident,
        served=header.served,
        drill=header.drill,
    )


def _header(began: RunBegan, records: tuple[Record, ...]) -> Header:
    start = records[0].at
    return Header(
        run=began.run,
        kind=began.kind,
        target=began.target,
        sandbox=in_sandbox(began.plan),
        operator=began.operator,
        serving_before=began.serving_before,
        began=start,
        as_of=records[-1].at,
        stand=_stand(records),
        pauses=tuple(
            Pause(start=before.at, end=max(before.at, record.at))
            for before, record in pairwise(records)
            if isinstance(record.body, RunResumed)
        ),
        set_back=_set_back(records),
        incident=incident_of(records, began=start) if began.kind.recovers else None,
        move=move_of(records),
    )


def _set_back(records: tuple[Record, ...]) -> timedelta:
    back = max((one.at - after.at for one, after in pairwise(records)), default=timedelta(0))
    return back if back >= _CLOCKS_DIFFER else timedelta(0)


def in_sandbox(plan: Mapping[str, object]) -> bool:
    """Whether the sites of a plan, as it was parsed, are the sandbox's."""
    sites = plan.get("sites")
    entries = sites.values() if isinstance(sites, Mapping) else ()
    clouds = [entry.get("cloud") for entry in entries if isinstance(entry, Mapping)]
    return "sandbox" in clouds


def _stand(records: tuple[Record, ...]) -> str:
    """An amended incident after the end changes nothing here; a resume or a new try does."""
    if is_left(records):
        return "left behind"
    stand = "running"
    for record in records:
        if isinstance(record.body, RunEnded):
            stand = record.body.stand
        elif isinstance(record.body, RunResumed):
            stand = "running"
    return stand


def _cost(processes: tuple[ProcessReport, ...]) -> Money | None:
    costs = [process.cost for process in processes if process.cost is not None]
    if not costs:
        return None
    return Money(sum(cost.cents for cost in costs), costs[0].currency)
