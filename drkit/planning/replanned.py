"""A run whose plan was changed in its middle: what it may not change, and which steps it undoes.

A step that is done stays done as long as it would be told the same again, and so would all that it
stands on; else it runs again. Objectives, owners, budgets and limits say how a run goes and make
no step run again. A gate is asked again, because who said yes saw another plan. An old site that
is closed and caught up stays so, whatever becomes of the new one. Once the cutover has begun
nothing that is done runs again by itself: customers may be on what it made, so a person says so
step by step (``--retry``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from drkit.errors import Problem
from drkit.model.outcome import State
from drkit.model.plan import Plan
from drkit.model.step import (
    CheckWork,
    DnsWork,
    GateWork,
    LedgerWork,
    PlaybookWork,
    ProofWork,
    RunKind,
    RunMode,
    StackWork,
    Step,
    StoreWork,
)
from drkit.planning.graph import Graph, build_graph, step_names

_OF_THE_RUN = frozenset({"people", "steps", "defaults"})
"""Sections that say how a run goes and by whom, not what the shop is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replanned:
    """What a change of the plan comes to for a run on its way."""

    changes: tuple[str, ...]
    """Said key by key."""
    again: tuple[str, ...]
    """Steps that were done, or answered, and are not any more."""
    kept: tuple[str, ...]
    """Steps that stay done although they would be told something else now."""
    dropped: tuple[str, ...]
    """Steps that the run has worked on and that the new plan does not have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A plan and the one that takes its place, in a run of ``kind`` in ``region``."""

    before: Plan
    now: Plan
    kind: RunKind
    mode: RunMode
    region: str
    cutover_begun: bool


def fixed_changes(change: Change) -> Iterator[Problem]:
    """What differs and may not within one run: it says where the run is and where it is kept."""
    was, is_now = _where(change.before, change.region), _where(change.now, change.region)
    for place, one in was.items():
        if is_now.get(place) != one:
            yield Problem(
                place=place,
                message=f"was {one}, is {is_now.get(place, 'taken out')}: a run stays where it is",
                remedy="put it back, or begin another run",
            )


def _where(plan: Plan, region: str) -> Mapping[str, object]:
    """Where a run in ``region`` is and is kept."""
    found: dict[str, object] = {
        "shop": plan.shop,
        "outside.region": plan.outside.region,
        "outside.state": plan.outside.state,
        "outside.backups": plan.outside.backups,
    }
    if (site := plan.sites.get(region)) is not None:
        found |= {f"sites.{region}.cloud": site.cloud, f"sites.{region}.account": site.account}
    return found


def replanned(change: Change, states: Mapping[str, State], changes: tuple[str, ...]) -> Replanned:
    """What ``change`` comes to for a run whose steps stand at ``states``. Raises
    ConfigurationError for a plan that has no graph.
    """
    before, now = _graph(change, change.before), _graph(change, change.now)
    told_else = {
        name
        for name, step in now.steps.items()
        if name not in before.steps
        or _told(change.before, before.steps[name], change.region)
        != _told(change.now, step, change.region)
    }
    done = [name for name in now.steps if states.get(name) is State.DONE]
    return Replanned(
        changes=changes,
        again=() if change.cutover_begun else tuple(_again(now, states, told_else)),
        kept=tuple(n for n in done if n in told_else) if change.cutover_begun else (),
        dropped=tuple(name for name in states if name not in now.steps),
    )


def _graph(change: Change, plan: Plan) -> Graph:
    """Also of a plan with a gap, which somebody may have accepted. In it the closing of an old site
    waits for no step: it needs the new site only to come late, and changed nothing of it.
    """
    names = step_names(plan, change.kind, change.mode)
    return build_graph(plan, change.kind, mode=change.mode, refused=names)


def _again(graph: Graph, states: Mapping[str, State], told_else: set[str]) -> Iterator[str]:
    stands: set[str] = set()
    for name, step in graph.steps.items():
        state = states.get(name)
        if isinstance(step.work, GateWork):
            # what was done upon an earlier yes stays done: the yes was given for it
            stands.add(name)
            if state in {State.DONE, State.REFUSED}:
                yield name
        elif state is State.SKIPPED:
            stands.add(name)
        elif state is State.DONE:
            if name in told_else or not stands.issuperset(step.needs):
                yield name
            else:
                stands.add(name)


def _told(plan: Plan, step: Step, region: str) -> object:
    """All that a try of ``step`` is told by the plan, as a value to compare."""
    work, site = step.work, plan.sites.get(region)
    match work:
        case StackWork(stack=stack):
            made = plan.stacks[stack]
            images = site.images if site and made.provides else None
            return work, made.provides, made.instances, images, list(plan.sites).index(region)
        case StoreWork(store=store):
            return work, plan.stores[store].restore, _told_playbooks(plan, region)
        case PlaybookWork():
            return work, _told_playbooks(plan, region)
        case CheckWork() | ProofWork():
            # checks are given the plan itself
            return work, {k: v for k, v in plan.source.items() if k not in _OF_THE_RUN}
        case LedgerWork(provider=provider):
            return work, plan.providers.get(provider)
        case DnsWork():
            return work, plan.dns.name
        case _:
            return work


def _told_playbooks(plan: Plan, region: str) -> object:
    site = plan.sites.get(region)
    return (
        site.jump if site else None,
        plan.dns.name,
        min((process.rpo for process in plan.processes.values()), default=None),
        {name: provider.endpoint for name, provider in plan.providers.items()},
        {name: (store.stanza, store.skip_numbers) for name, store in plan.stores.items()},
    )
