"""All that is wrong with a plan, at once: pure, but for the files it asks after through a function.

A problem names what it affects, so that a rebuild can refuse that part and go on with the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from drkit.errors import ConfigurationError, Problem
from drkit.model.plan import DnsMethod, Plan
from drkit.model.quantities import format_duration
from drkit.model.step import RunKind, RunMode
from drkit.planning.consents import consent_gaps
from drkit.planning.files import Exists, file_problems
from drkit.planning.graph import Graph, build_graph
from drkit.planning.muzzled import muzzle_problems
from drkit.planning.obeyed import ignored_keys
from drkit.planning.order import critical_path, expected, longest_before
from drkit.planning.people import people_problems
from drkit.planning.quiesce import mode_problems
from drkit.planning.references import name_problems, reference_problems, unknown_name
from drkit.planning.standby import tier_problems

_SITES_OF_A_FAILOVER = 2
_MOST_TRIES = 10
"""In one command; the same command again tries again."""


def find_problems(plan: Plan, *, exists: Exists) -> tuple[Problem, ...]:
    """Every problem of the plan itself. An empty tuple means that the plan can be run."""
    of_names = [*name_problems(plan), *reference_problems(plan)]
    others = [
        *_places(plan),
        *public_name_problems(plan),
        *people_problems(plan),
        *_tries(plan),
        *ignored_keys(plan),
        *file_problems(plan, exists),
    ]
    # where names lead nowhere there is no graph to look at
    found = (*of_names, *others, *(() if of_names else _graph_problems(plan)))
    return tuple(_with_its_line(plan, problem) for problem in found)


def run_problems(
    plan: Plan,
    *,
    exists: Exists,
    region: str | None,
    mode: RunMode | None,
    kind: RunKind = RunKind.REBUILD,
) -> tuple[Problem, ...]:
    """The same, and what is wrong with a run of ``kind`` for ``region`` (None: for any) in
    ``mode``.
    """
    return (
        *find_problems(plan, exists=exists),
        *mode_problems(mode, exists),
        *(muzzle_problems(plan, exists) if kind is RunKind.VALIDATE else ()),
        *(_region_problems(plan, region, kind) if region is not None else ()),
    )


def _with_its_line(plan: Plan, problem: Problem) -> Problem:
    """A plan that was made in code has no lines: its problems keep their paths alone."""
    return replace(problem, place=plan.places.at(problem.place)) if plan.places.lines else problem


def _region_problems(plan: Plan, region: str, kind: RunKind) -> tuple[Problem, ...]:
    """What is wrong with ``--region``: it must be a site of the plan, and one for such a run."""
    if region in plan.sites:
        return tuple(_with_its_line(plan, one) for one in tier_problems(plan, kind, region))
    sites = ", ".join(plan.sites)
    return (Problem(place="--region", message=f"{region} is no site", remedy=f"sites: {sites}"),)


def _graph_problems(plan: Plan) -> tuple[Problem, ...]:
    try:
        build_graph(plan, RunKind.DEPLOY)
        build_graph(plan, RunKind.REBUILD, mode=RunMode.PLANNED)
        graph = build_graph(plan, RunKind.REBUILD)
    except ConfigurationError as error:
        return error.problems
    return (*consent_gaps(plan, graph), *_budgets(plan, graph))


def _places(plan: Plan) -> Iterator[Problem]:
    if plan.outside.region in plan.sites:
        yield Problem(
            place="outside.region",
            message=f"{plan.outside.region} is a site: what is kept there is lost with it",
            remedy="keep state and backups in a third region",
        )
    groups = {group for stack in plan.stacks.values() for group in stack.provides}
    used: list[tuple[str, str, tuple[str, ...]]] = []
    used += [(f"sites.{site.region}.ssh.jump", site.jump, ()) for site in plan.sites.values()]
    used += [(f"stores.{s.name}.hosts", s.hosts, (s.name,)) for s in plan.stores.values()]
    used += [(f"services.{s.name}.hosts", s.hosts, (s.name,)) for s in plan.services.values()]
    used += [(f"steps.{e.name}.hosts", e.hosts, (e.name,)) for e in plan.steps.values() if e.hosts]
    for place, group, affects in used:
        if group not in groups | {"all"}:
            word = "host group that a stack provides"
            yield unknown_name(place, word, group, groups, affects=affects)
    if groups:
        yield from _images(plan)


def _images(plan: Plan) -> Iterator[Problem]:
    for site in plan.sites.values():
        if "host" not in site.images:
            yield Problem(
                place=f"sites.{site.region}.images",
                message="no image is named for its hosts",
                remedy="write `images: {host: NAME}`, a machine image of the account",
            )


def public_name_problems(plan: Plan) -> Iterator[Problem]:
    """What is wrong with ``dns``; ``drkit prepare`` asks for these alone."""
    if plan.dns.method is not DnsMethod.FAILOVER:
        return
    if not plan.dns.switch:
        yield Problem(
            place="dns.switch",
            message="a failover needs a bucket whose object says which site serves",
            remedy="write `switch: s3://BUCKET`, a bucket that holds nothing else",
        )
    elif plan.dns.switch in {plan.outside.state, plan.outside.backups}:
        yield Problem(
            place="dns.switch",
            message=f"s3://{plan.dns.switch} holds more than everybody may read",
            remedy="name a bucket that holds nothing else: Route 53 reads it as a stranger does",
        )
    if len(plan.sites) != _SITES_OF_A_FAILOVER:
        yield Problem(
            place="dns.method",
            message=f"a failover record leads to one of two sites, and the plan has"
            f" {len(plan.sites)}",
            remedy="write `method: record`, or name two sites",
        )


def _tries(plan: Plan) -> Iterator[Problem]:
    places = {f"steps.{entry.name}.tries": entry.tries for entry in plan.steps.values()}
    for place, tries in {"defaults.tries": plan.defaults.tries, **places}.items():
        if tries is not None and not 1 <= tries <= _MOST_TRIES:
            yield Problem(
                place=place,
                message=f"a step has 1 to {_MOST_TRIES} tries, not {tries}",
                remedy="write how often one command may try it, the first time included",
            )


def _budgets(plan: Plan, graph: Graph) -> Iterator[Problem]:
    times = expected(graph)
    ends = longest_before(graph, times)
    for process in plan.processes.values():
        live = f"live.{process.name}"
        if ends[live] > process.rto:
            path = [s for s in critical_path(graph, times, to=live) if graph.steps[s].budget]
            yield Problem(
                place=f"processes.{process.name}.rto",
                message=(
                    f"the budgets on the way to it add up to {format_duration(ends[live])},"
                    f" more than its RTO of {format_duration(process.rto)}"
                ),
                remedy=f"lower the budgets of {', '.join(path)}, or grant a longer RTO",
                # a budget informs: who accepts this leaves nothing out
                acceptable=True,
            )
