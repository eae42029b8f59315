"""The way of a run, on one page.

open the world → see that nobody else works on the site → find every problem → hold the site → carry
on with the unfinished run, or begin one → let the engine run its steps → make the report. Nothing
is touched, and nothing written outside, before the problems are settled.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from drkit.compose import (
    Around,
    Means,
    Opened,
    Parts,
    look_around,
    open_means,
    open_parts,
    open_plan,
    small_quotas,
)
from drkit.engine.decide import Pass
from drkit.engine.loop import Hands, Stop, run_steps
from drkit.errors import ConfigurationError, Problem
from drkit.hands import Standing, standing, step_hands
from drkit.holding import hold_outside, hold_site, look_outside, operator
from drkit.model.record import (
    Body,
    IncidentBegan,
    PlanChanged,
    ProblemAccepted,
    RunBegan,
    RunResumed,
    StepReopened,
    StepSkipped,
)
from drkit.model.step import RunKind
from drkit.model.wish import Wish
from drkit.planning.consents import consent_gaps
from drkit.planning.graph import Graph, build_graph
from drkit.planning.order import priorities
from drkit.planning.replanned import Replanned
from drkit.planning.skips import skip_problems, skipped_steps
from drkit.ports import Consent, Observer, Observers
from drkit.reporting.report import Report, report
from drkit.reporting.seen import incident_seen

if TYPE_CHECKING:
    from drkit.adapters.held import Held
    from drkit.holding import Free


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """Who watches a run, who consents, and who may stop it."""

    observer: Observer
    consent: Callable[[Opened, Parts], Consent]
    stop: Callable[[], Stop] = lambda: Stop.NO
    may_wait: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A run's report and the folder that keeps everything of it."""

    report: Report
    folder: Path


def carry_out(wish: Wish, company: Company) -> Ran:
    """Run ``wish`` to its end, or to where it waits.

    Raises UsageError and ConfigurationError (nothing was touched), RunBusy, RunTaken.
    """
    wish.check(datetime.now(UTC))
    with hold_site(wish), standing(wish.plan) as ready:
        around = look_around(wish)
        free, opened, means = _look(around)
        problems = (*opened.problems, *means.problems)
        accepted = settle(problems, wish)
        refused = {step for problem, _ in accepted for step in problem.affects}
        graph = build_graph(wish.plan, wish.kind, refused=refused)
        # of the very graph that is about to run: no problem that was accepted may open a way
        skip = skipped_steps(wish, graph, opened.satisfied)
        if gaps := (*consent_gaps(wish.plan, graph), *skip_problems(wish, graph, skip)):
            raise ConfigurationError("nothing was touched", problems=gaps)
        if free is None:
            raise AssertionError("a region that is no site is a problem that nobody can accept")
        agreed = Agreed(graph=graph, accepted=accepted, skip=skip)
        with hold_outside(free) as held:
            company = replace(company, stop=_also_from_afar(company.stop, held))
            return _run(opened, open_parts(opened, means, held), agreed, company, ready)


def _look(around: Around) -> tuple[Free | None, Opened, Means]:
    """At all that the run needs. The means meanwhile: a region that is lost answers late."""
    with ThreadPoolExecutor(2) as pool:
        means, quotas = pool.submit(open_means, around), pool.submit(small_quotas, around)
        free, opened = look_outside(around), open_plan(around)
        found = means.result()
        return free, opened, replace(found, problems=(*found.problems, *quotas.result()))


def _also_from_afar(stop: Callable[[], Stop], held: Held) -> Callable[[], Stop]:
    """What the person here asks for, or somebody elsewhere: ``drkit abort``, a takeover."""
    return lambda: Stop.NOW if held.abort_asked else stop()


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """What will be run, and which problems somebody chose to live with, each with the reason."""

    graph: Graph
    accepted: tuple[tuple[Problem, str], ...]
    skip: Mapping[str, str]
    """Step → reason why it is taken as done."""


def _run(opened: Opened, parts: Parts, agreed: Agreed, company: Company, ready: Standing) -> Ran:
    wish, observer = opened.wish, Observers([company.observer])
    with parts.journal:
        _begin(wish, opened, parts, agreed, observer)
        hands = Hands(
            journal=parts.journal,
            attempts=step_hands(opened, parts, ready),
            consent=parts.gate_keeper(company.consent(opened, parts)),
            observer=observer,
            clock=parts.clock,
            stop=company.stop,
            may_wait=company.may_wait,
            pause=parts.pause,
        )
        pass_ = Pass(
            graph=agreed.graph,
            priority=priorities(agreed.graph, wish.plan),
            max_parallel=wish.max_parallel,
        )
        run_steps(pass_, hands)
        return Ran(report=report(parts.journal.records()), folder=parts.folder)


def settle(problems: tuple[Problem, ...], wish: Wish) -> tuple[tuple[Problem, str], ...]:
    """The problems that were accepted, with reasons. Raises ConfigurationError for the rest."""
    left = tuple(p for p in problems if p.name not in wish.accept or not p.may_be_accepted)
    if left:
        raise ConfigurationError("nothing was touched", problems=left, remedy=_way_on(wish, left))
    return tuple((problem, wish.accept[problem.name]) for problem in problems)


def _way_on(wish: Wish, left: tuple[Problem, ...]) -> str:
    """How to go on all the same, and what that leaves down. Empty where nothing allows it."""
    if not all(problem.may_be_accepted for problem in left):
        return ""
    names = dict.fromkeys([*wish.accept, *(problem.name for problem in left)])
    words = " ".join(f"--accept {name}" for name in names)
    affected = {step for problem in left for step in problem.affects}
    try:
        graph = build_graph(wish.plan, wish.kind, refused=affected)
    except ConfigurationError:
        return ""
    down = [name for name in wish.plan.processes if affected & graph.needed_by(name)]
    stays = f"; what stays down: {', '.join(down)}" if down else ""
    return f"to go on all the same: {words} --reason WHY{stays}"


def _begin(
    wish: Wish,
    opened: Opened,
    parts: Parts,
    agreed: Agreed,
    observer: Observer,
) -> None:
    """The first records of this command. Those of a run that is carried on are told again."""
    before = parts.journal.records()
    for record in before:
        observer.recorded(record)
    bodies: list[Body] = []
    if before:
        bodies.append(_run_resumed(wish, parts))
    else:
        bodies.append(_run_began(wish, opened, parts, agreed.graph))
    if opened.left is not None:
        bodies.append(opened.left)
    if opened.change is not None:
        bodies.append(_plan_changed(wish, opened.change, agreed.graph))
    # also of a run that died between its first two records
    known = any(isinstance(record.body, IncidentBegan) for record in before)
    # a start that the operator names corrects an earlier one; the last record counts
    if wish.kind is not RunKind.DEPLOY and (not known or wish.since is not None):
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


def _run_began(wish: Wish, opened: Opened, parts: Parts, graph: Graph) -> RunBegan:
    serving = opened.epoch.serving
    return RunBegan(
        run=parts.run,
        kind=wish.kind,
        target=parts.target,
        plan=wish.plan.source,
        steps=graph.planned(),
        versions=opened.versions,
        operator=operator(),
        serving_before=serving.name if serving else None,
        recover_to=wish.recover_to,
        key=parts.key,
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
