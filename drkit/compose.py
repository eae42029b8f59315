"""The composition root: the only place that builds adapters, each imported where it is needed.

``drkit --help`` must answer at once, and some of what is imported here takes seconds.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from drkit.carrying import Known, carrying, left_again
from drkit.errors import ConfigurationError, Problem, StepError
from drkit.model.record import IncidentBegan, RunBegan, RunLeft, Target
from drkit.model.step import RunKind, RunMode
from drkit.model.wish import Wish
from drkit.planning.replanned import Replanned
from drkit.ports import Clock, Consent, Secret, World
from drkit.reporting.seen import Failing

if TYPE_CHECKING:
    from drkit.adapters.epoch import Epoch
    from drkit.adapters.held import Held
    from drkit.adapters.journal_outside import JournalOutside
    from drkit.adapters.left_generations import LeftGeneration
    from drkit.adapters.pulumi_outputs import Prepared

T = TypeVar("T")
LONGEST_VALIDATION = timedelta(hours=6)
"""After so long nobody works any more on what a validation has built: its tag says so to whoever
cleans an account up. The next drkit that works on the site does not wait for that."""
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """The world that a wish is for, looked at: so far that its site can be held."""

    wish: Wish
    world: World
    epoch: Epoch
    vault: Mapping[str, Secret]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What was asked for, with the world it is for, looked at and not yet touched."""

    wish: Wish
    world: World
    epoch: Epoch
    vault: Mapping[str, Secret]
    problems: tuple[Problem, ...]
    versions: Mapping[str, str]
    target: Target
    unfinished: RunBegan | None
    """The run to carry on with."""
    satisfied: frozenset[str]
    """Its steps that are done, or were skipped."""
    change: Replanned | None
    """Of its plan, where a person accepted one."""
    left: RunLeft | None
    """The unfinished run in whose place another is begun."""
    mode: RunMode
    """As the run began, or is to begin."""
    passing: tuple[LeftGeneration, ...]
    """What earlier validations of the site have built."""
    cut_off: tuple[str, ...]
    """Names of the machines that worked on ``target`` before, and were cut off."""
    standby: int | None
    """The generation of the site that was built and never opened; None: there is none."""
    behind: LeftGeneration | None
    """The generation in whose place another is built, where it was given up."""
    failing: Mapping[str, Failing]
    """Process → the unbroken row of failures that the probe sees."""
    inherited: IncidentBegan | None
    """The incident that an earlier run of this site was made for, where it is still the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a run works with besides: looked at last, because it needs the world to be right."""

    prepared: Prepared
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What one run is made of."""

    run: str
    target: Target
    folder: Path
    journal: JournalOutside
    clock: Clock
    prepared: Prepared
    recover_to: datetime | None
    expires: datetime | None
    """When what the run builds may go; None: it is there to stay."""
    pause: Callable[[int], timedelta]
    """Before a further try of a step, by how many were made."""
    key: str
    """Public key of this place, which signs the journal."""
    gate_keeper: Callable[[Consent], Consent]
    """Puts what people say elsewhere to what is said here."""


def look_around(wish: Wish) -> Around:
    """Open the world of ``wish``. Raises ConfigurationError with all problems found so far where it
    cannot even be looked at; else the problems are in the result.
    """
    from drkit.adapters.consent import consent_problems
    from drkit.adapters.epoch import read_epoch
    from drkit.adapters.plan_yaml import files_of
    from drkit.adapters.vault import missing_entries, open_vault
    from drkit.adapters.worlds import check_account, open_world
    from drkit.planning.problems import run_problems

    plan = wish.plan
    problems = [
        *run_problems(
            plan,
            exists=files_of(plan),
            region=wish.region,
            mode=wish.mode,
            kind=wish.kind,
        )
    ]
    problems += consent_problems(plan, wish.consent)
    vault = or_problem(lambda: open_vault(plan), "secrets", problems)
    world = or_problem(lambda: open_world(plan), "sites", problems)
    epoch = None
    if world is not None:
        problems += check_account(world, plan)
        epoch = or_problem(lambda: read_epoch(world, plan), "outside.state", problems)
    if epoch is not None and wish.kind is not RunKind.DEPLOY:
        problems += _lost_problems(wish, epoch)
    problems += missing_entries(vault) if vault is not None else ()
    if vault is None or world is None or epoch is None:
        raise ConfigurationError("nothing was touched", problems=tuple(problems))
    return Around(wish=wish, world=world, epoch=epoch, vault=vault, problems=tuple(problems))


def _lost_problems(wish: Wish, epoch: Epoch) -> Iterator[Problem]:
    """What lies in the region of the site that serves, or served: by law 8 nothing may. Nor in a
    planned move: once it has closed the site, it must get to its end also if that region is lost.
    """
    from drkit.adapters.plan_texts import plan_texts
    from drkit.planning.touched import lost_problems, touched

    lost = epoch.serving.region if epoch.serving else wish.region
    if wish.region in wish.plan.sites and lost != wish.region:
        found = touched(wish.plan, wish.region, plan_texts(wish.plan))
        planned = wish.mode is RunMode.PLANNED
        why = "may be lost before the move is over" if planned else "counts as lost"
        yield from lost_problems(found, {lost}, why=why)


def open_plan(around: Around) -> Opened:
    """Look at everything that a run will need; all problems are in the result."""
    from drkit.adapters.generations import known_generations
    from drkit.adapters.preflight import world_problems
    from drkit.adapters.probe_results import probe_file, rows_of_failures
    from drkit.adapters.runs_folder import RunsFolder
    from drkit.adapters.versions import versions

    wish, plan, epoch = around.wish, around.wish.plan, around.epoch
    runs = RunsFolder(plan.root)
    generations = known_generations(around.world, plan, wish.region, epoch)
    known = Known(world=around.world, epoch=epoch, runs=runs, generations=generations)
    found = carrying(wish, known)
    intent = found.intent
    return Opened(
        wish=wish,
        world=around.world,
        epoch=epoch,
        vault=around.vault,
        problems=(*around.problems, *world_problems(intent), *left_again(found, known)),
        versions=versions(),
        target=found.target,
        unfinished=intent.carried_on,
        satisfied=intent.done,
        change=found.change,
        left=found.left,
        mode=intent.mode,
        passing=tuple(generations.passing.values()),
        cut_off=runs.cut_off_on(found.target),
        standby=generations.standing,
        behind=found.behind,
        failing=rows_of_failures(probe_file(plan.root), plan.processes),
        inherited=runs.incident_of(wish.kind, wish.region, serving=epoch.serving_name),
    )


def open_means(around: Around) -> Means:
    """The tools of this machine and what the stack outside made, with all problems."""
    from drkit.adapters.pulumi_outputs import NOTHING, prepared
    from drkit.toolchain.survey import hindrances

    problems = list(hindrances())
    plan = around.wish.plan
    found = or_problem(
        lambda: prepared(plan, around.world, around.vault), "outside.state", problems
    )
    return Means(prepared=found or NOTHING, problems=tuple(problems))


def small_quotas(opened: Opened) -> tuple[Problem, ...]:
    """The quotas of the region that the site will not fit into. Where the cloud does not say, that
    is said, and stops nothing: the right to ask is none that a rebuild needs.
    """
    from drkit.adapters.quotas import quota_problems

    target = opened.target
    try:
        return quota_problems(opened.world, opened.wish.plan, target, opened.epoch)
    except ConfigurationError as error:
        where = target.region
        _LOG.warning("the quotas of %s are not compared: %s; %s", where, error, error.remedy)
        return ()


def open_parts(opened: Opened, means: Means, held: Held) -> Parts:
    """The unfinished run to carry on with, else a new one; its journal is not yet locked."""
    from drkit.adapters.backoff import pause
    from drkit.adapters.certificates import take_over_certificate, write_proof_certificate
    from drkit.adapters.clock import SystemClock
    from drkit.adapters.gate import GateKeeper, RunOf
    from drkit.adapters.journal_copies import bring
    from drkit.adapters.journal_outside import journal_of
    from drkit.adapters.runs_folder import RunsFolder

    wish, clock, known = opened.wish, SystemClock(), 0
    plan, target, recover_to = wish.plan, opened.target, wish.recover_to
    runs = RunsFolder(plan.root)
    if opened.unfinished is not None:
        run = opened.unfinished.run
        recover_to = opened.unfinished.recover_to
        known = bring(held.store, runs, wish.region, run)
    else:
        run = runs.new(wish.kind, wish.region, clock.now())
    if earlier := runs.newest_of(target):
        take_over_certificate(runs.folder(run), earlier=earlier)
    secret = opened.vault["pulumi_passphrase"]
    write_proof_certificate(runs.folder(run), run=run, secret=secret)
    return Parts(
        run=run,
        target=target,
        folder=runs.folder(run),
        journal=journal_of(runs, run, held, known=known),
        clock=clock,
        prepared=means.prepared,
        recover_to=recover_to,
        expires=_expires(wish, clock.now()),
        pause=pause,
        key=held.owner.key,
        gate_keeper=lambda here: GateKeeper(
            here,
            held.store,
            RunOf(
                region=wish.region,
                run=run,
                plan=plan,
                used_codes=lambda: runs.used_codes(besides=run),
            ),
        ),
    )


def _expires(wish: Wish, now: datetime) -> datetime | None:
    if wish.kind is not RunKind.VALIDATE:
        return None
    return now + (wish.keep or LONGEST_VALIDATION)


def or_problem(look: Callable[[], T], place: str, problems: list[Problem]) -> T | None:
    """What ``look`` finds; None where it is refused: that is added to ``problems``."""
    try:
        return look()
    except (ConfigurationError, StepError) as error:
        told = error.problems if isinstance(error, ConfigurationError) else ()
        problems += told or (Problem(place=place, message=str(error), remedy=error.remedy),)
        return None
