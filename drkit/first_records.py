"""The first records of a command: what it begins or carries on with, and what people chose.

They are in the journal before the first step starts, so that whoever reads it knows by which plan,
in which mode and in spite of which problems the rest was done.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from drkit.compose import Opened, Parts
from drkit.errors import Problem
from drkit.leaving import generation_left
from drkit.model.record import (
    Body,
    IncidentBegan,
    PlanChanged,
    ProblemAccepted,
    Record,
    RunBegan,
    RunResumed,
    StepPlanned,
    StepReopened,
    StepSkipped,
)
from drkit.model.step import RunKind, RunMode
from drkit.model.wish import Wish
from drkit.operating import operator
from drkit.planning.graph import Graph
from drkit.planning.removal import planned_at_the_end
from drkit.planning.replanned import Replanned
from drkit.ports import Observer
from drkit.reporting.moving import move_of
from drkit.reporting.seen import incident_seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """What will be run, and which problems somebody chose to live with, each with the reason."""

    graph: Graph
    removal: Graph | None
    """What takes away again what the run builds; None: it stays."""
    accepted: tuple[tuple[Problem, str], ...]
    skip: Mapping[str, str]
    """Step → reason why it is taken as done."""
    drift: Graph | None = None
    """What looks at the standby, when all else is done; None: nothing does."""

    @property
    def planned(self) -> tuple[StepPlanned, ...]:
        """All steps, as the journal records them."""
        drift = self.drift.planned() if self.drift else ()
        removal = planned_at_the_end(self.graph, self.removal) if self.removal else ()
        return (*self.graph.planned(), *drift, *removal)


def begin(opened: Opened, parts: Parts, agreed: Agreed, observer: Observer) -> None:
    """The first records of this command. Those of a run that is carried on are told again."""
    wish, before = opened.wish, parts.journal.records()
    for record in before:
        observer.recorded(record)
    bodies: list[Body] = []
    if before:
        bodies.append(_run_resumed(wish, parts))
    else:
        bodies.append(_run_began(wish, opened, parts, agreed))
    if opened.left is not None:
        bodies.append(opened.left)
    # also of a run that died between its first records
    bodies += generation_left(opened, parts, before)
    if opened.change is not None:
        bodies.append(_plan_changed(wish, opened.change, agreed.graph))
    if _has_incident(wish, opened, before):
        bodies.append(_incident(wish, opened, parts))
    bodies += [
        ProblemAccepted(
            problem=problem.name, reason=reason, operator=operator(), affects=problem.affects
        )
        for problem, reason in agreed.accepted
    ]
    bodies += [StepReopened(step=step, operator=operator()) for step in wish.again]
    bodies += [
        StepSkipped(step=step, reason=reason, operator=operator())
        for step, reason in agreed.skip.items()
    ]
    for record in parts.journal.append(*bodies):
        observer.recorded(record)


def _has_incident(wish: Wish, opened: Opened, before: tuple[Record, ...]) -> bool:
    """Whether a start of the incident is to be written down now. Only a rebuild has one; and not
    a planned move, whose clock starts with the closing, unless the old site is lost before that.
    """
    if wish.kind is not RunKind.REBUILD:
        return False
    # a start that the operator names corrects an earlier one; the last record counts
    if wish.since is not None:
        return True
    if opened.mode is RunMode.PLANNED:
        move = move_of(before)
        if wish.mode is not RunMode.UNPLANNED or (move and move.holds_customers_off):
            return False
    # also of a run that died between its first two records
    return not any(isinstance(record.body, IncidentBegan) for record in before)


def _run_began(wish: Wish, opened: Opened, parts: Parts, agreed: Agreed) -> RunBegan:
    serving = opened.epoch.serving
    return RunBegan(
        run=parts.run,
        kind=wish.kind,
        target=parts.target,
        plan=wish.plan.source,
        steps=agreed.planned,
        versions=opened.versions,
        operator=operator(),
        serving_before=serving.name if serving else None,
        recover_to=wish.recover_to,
        key=parts.key,
        mode=opened.mode,
        max_parallel=wish.max_parallel,
        given=tuple(wish.consent),
    )


def _run_resumed(wish: Wish, parts: Parts) -> RunResumed:
    return RunResumed(
        operator=operator(),
        pid=os.getpid(),
        key=parts.key,
        max_parallel=wish.max_parallel,
        given=tuple(wish.consent),
    )


def _plan_changed(wish: Wish, change: Replanned, graph: Graph) -> PlanChanged:
    return PlanChanged(
        changes=change.changes,
        plan=wish.plan.source,
        steps=graph.planned(),
        again=change.again,
        kept=change.kept,
        dropped=change.dropped,
        reason=wish.reason,
        operator=operator(),
    )


def _incident(wish: Wish, opened: Opened, parts: Parts) -> IncidentBegan:
    """The clock's start: what the operator says, else what the probe saw, else what another run of
    this incident began with, else now, "at least".
    """
    if wish.since is not None:
        return IncidentBegan(start=wish.since, source="since")
    inherited, now = opened.inherited, parts.clock.now()
    if opened.failing and not (inherited and inherited.source == "since"):
        return incident_seen(opened.failing, wish.plan.processes, now=now)
    return inherited or IncidentBegan(start=now, source="run")
