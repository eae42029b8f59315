"""Keys that nothing would obey: each is a problem, never silently passed over.

A key that is parsed and ignored is a lie told at 3 a.m.: who wrote it relies on it.
"""

from __future__ import annotations

from collections.abc import Iterator

from drkit.errors import Problem
from drkit.model.plan import DnsMethod, Plan, RestoreTool, StepEntry, Store
from drkit.planning.ledgers import read_ledgers
from drkit.planning.people import people_asked


def ignored_keys(plan: Plan) -> Iterator[Problem]:
    """One problem per key that no step, tool or report would look at."""
    yield from _of_the_plan(plan)
    for entry in plan.steps.values():
        yield from _step(plan, entry)
    for store in plan.stores.values():
        yield from _store(store)
    for stack in plan.stacks.values():
        if stack.instances and not stack.provides:
            yield _ignored(
                f"stacks.{stack.name}.instances",
                "the stack provides no hosts",
                "take it out, or name the host groups in `provides`",
            )
    for provider in plan.providers.values():
        if provider.ledger and provider.name not in read_ledgers(plan):
            yield _ignored(
                f"providers.{provider.name}.ledger",
                "no process names it",
                f"write `ledger: {provider.name}` at the process that it tells of, or take it out",
            )
    for site in plan.sites.values():
        for purpose in sorted(site.images.keys() - {"host"}):
            place = f"sites.{site.region}.images.{purpose}"
            yield _ignored(place, "stacks are handed `host`, and no other image", "take it out")


def _of_the_plan(plan: Plan) -> Iterator[Problem]:
    if plan.dns.switch and plan.dns.method is not DnsMethod.FAILOVER:
        yield _ignored("dns.switch", "it goes with `method: failover`", "take it out")
    several = [e for e in plan.steps.values() if e.gate and people_asked(plan, e) > 1]
    if plan.break_glass and not several:
        yield _ignored(
            "break-glass",
            "no gate asks more than one person, and no code stands in for the first",
            "write `people: 2` at the gate before the cutover, or take it out",
        )


def _store(store: Store) -> Iterator[Problem]:
    if store.restore is not RestoreTool.PGBACKREST:
        for key, given in (("stanza", store.stanza), ("skip-numbers", store.skip_numbers)):
            if given:
                place = f"stores.{store.name}.{key}"
                yield _ignored(place, "only `restore: pgbackrest` knows it", "take it out")


def _step(plan: Plan, entry: StepEntry) -> Iterator[Problem]:
    place = f"steps.{entry.name}"
    if entry.hosts and not entry.playbook:
        yield _ignored(
            f"{place}.hosts", "it goes with `playbook`", _where_hosts_belong(plan, entry.name)
        )
    people, signed, escalate = entry.people, entry.signed, entry.escalate
    for key, given in (("people", people), ("signed", signed), ("escalate", escalate)):
        if given and not entry.gate:
            yield _ignored(f"{place}.{key}", "it goes with `gate`", "take it out")
    if entry.gate and entry.escalate and entry.limit is None:
        yield _ignored(
            f"{place}.escalate",
            "the gate has no limit",
            "write `limit: 30m`: how long it waits before that role is asked as well",
        )
    if entry.gate and entry.stalled:
        yield _ignored(f"{place}.stalled", "a person says nothing while thinking", "take it out")
    if entry.gate and entry.tries:
        yield _ignored(f"{place}.tries", "a gate is asked until it is answered", "take it out")
    if entry.cutover and entry.tries:
        yield _ignored(
            f"{place}.tries",
            "a cutover is several steps",
            f"give its parts tries of their own: `{entry.name}.dns: {{tries: …}}`",
        )
    if entry.cutover and entry.budget:
        yield _ignored(
            f"{place}.budget",
            "a cutover is several steps",
            f"give its parts budgets of their own: `{entry.name}.open: {{budget: …}}`",
        )


def _where_hosts_belong(plan: Plan, name: str) -> str:
    for section, entries in (("stores", plan.stores), ("services", plan.services)):
        if name in entries:
            return f"write it at {section}.{name}.hosts"
    return "take it out"


def _ignored(place: str, why: str, remedy: str) -> Problem:
    return Problem(place=place, message=f"nothing would obey this: {why}", remedy=remedy)
