"""The way of a run, on one page.

open the world → see that nobody else works on the site → find every problem → hold the site → carry
on with the unfinished run, or begin one → let the engine run its steps → make the report. Nothing
is touched, and nothing written outside, before the problems are settled.
"""

from __future__ import annotations

from collections.abc import Callable
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
from drkit.engine.loop import Hands, Stop, record, run_pass
from drkit.errors import ConfigurationError, Problem, RunBusy
from drkit.first_records import Agreed, begin
from drkit.giving_way import rehearsal_ended, say_nobody_is_served
from drkit.hands import Standing, standing, step_hands
from drkit.holding import also_from_afar, hold_outside, hold_site, look_outside
from drkit.leaving import leave_behind
from drkit.model.record import RunEnded
from drkit.model.step import RunMode
from drkit.model.wish import Wish
from drkit.planning.consents import consent_gaps
from drkit.planning.drift import drift_graph
from drkit.planning.graph import build_graph
from drkit.planning.order import priorities
from drkit.planning.quiesce import given_up
from drkit.planning.removal import removal_graph
from drkit.planning.skips import skip_problems, skipped_steps
from drkit.ports import Consent, Observer, Observers
from drkit.reporting.report import Report, report
from drkit.validating import Copies, say_it_passes

if TYPE_CHECKING:
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
    """Run ``wish`` to its end, or to where it waits. A validation of the site gives way to a
    rebuild.

    Raises UsageError and ConfigurationError (nothing was touched), RunBusy, RunTaken.
    """
    wish.check(datetime.now(UTC))
    try:
        return _carry_out(wish, company)
    except RunBusy:
        if not rehearsal_ended(wish):
            raise
        return _carry_out(wish, company)


def _carry_out(wish: Wish, company: Company) -> Ran:
    from drkit.adapters.run_keys import drop_keys
    from drkit.adapters.runs_folder import RunsFolder

    with hold_site(wish), standing(wish) as ready:
        around = look_around(wish)
        free, opened, means = _look(around)
        problems = (*opened.problems, *means.problems)
        accepted = settle(problems, wish)
        refused = {step for problem, _ in accepted for step in problem.affects}
        graph = build_graph(wish.plan, wish.kind, mode=opened.mode, refused=refused)
        # of the very graph that is about to run: no problem that was accepted may open a way
        skip = skipped_steps(wish, graph, opened.satisfied)
        if gaps := (*consent_gaps(wish.plan, graph), *skip_problems(wish, graph, skip)):
            raise ConfigurationError("nothing was touched", problems=gaps)
        if free is None:
            raise AssertionError("a region that is no site is a problem that nobody can accept")
        say_nobody_is_served(wish, opened.world)
        lost = given_up(wish.mode, graph.steps, opened.satisfied, wish.reason)
        agreed = Agreed(
            graph=graph,
            removal=removal_graph(wish.plan) if wish.takes_away else None,
            drift=drift_graph(wish.plan, opened.standby) if wish.compares else None,
            accepted=accepted,
            skip={**skip, **lost},
        )
        with hold_outside(free) as held:
            company = replace(company, stop=also_from_afar(company.stop, held))
            parts = open_parts(opened, means, held)
            leave_behind(opened, parts, held)
            say_it_passes(opened, parts, held)
            ran = _run(opened, parts, agreed, company, ready)
            drop_keys(RunsFolder(wish.plan.root), wish.region, held.store, parts.clock.now())
            return ran


def _look(around: Around) -> tuple[Free | None, Opened, Means]:
    """At all that the run needs. The means meanwhile: a region that is lost answers late."""
    with ThreadPoolExecutor(1) as pool:
        means = pool.submit(open_means, around)
        free, opened = look_outside(around), open_plan(around)
        quotas, found = small_quotas(opened), means.result()
        return free, opened, replace(found, problems=(*found.problems, *quotas))


def _run(opened: Opened, parts: Parts, agreed: Agreed, company: Company, ready: Standing) -> Ran:
    wish, observer = opened.wish, Observers([company.observer])
    with parts.journal:
        begin(opened, parts, agreed, observer)
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
        copies = Copies(opened=opened, parts=parts, hands=hands)
        copies.take_away_left()
        end = run_pass(pass_, hands)
        if agreed.drift is not None:
            copies.look_at_standby(agreed.drift)
        if agreed.removal is not None:
            copies.take_away_own(agreed.removal)
        record(hands, RunEnded(stand=end.value))
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
        graph = build_graph(
            wish.plan, wish.kind, mode=wish.mode or RunMode.UNPLANNED, refused=affected
        )
    except ConfigurationError:
        return ""
    down = [name for name in wish.plan.processes if affected & graph.needed_by(name)]
    stays = f"; what stays down: {', '.join(down)}" if down else ""
    return f"to go on all the same: {words} --reason WHY{stays}"
