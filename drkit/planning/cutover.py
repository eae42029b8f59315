"""Cutover, expanded: one act in one order (law 12), each part a step with a record of its own.

epoch raised → the other sites' identities revoked → the fence's bound waited out → archiving on
and one segment archived → open → DNS → the old answer's time to live waited out. As steps they
are durable one by one, so that a run that dies between two parts carries on with the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

from drkit.model.plan import Plan, StepEntry
from drkit.model.step import (
    DnsWork,
    EpochWork,
    PlaybookWork,
    RevokeWork,
    RunKind,
    Step,
    WaitWork,
    Work,
)

FENCE_BOUND = timedelta(seconds=6)
"""A serving host goes on for at most 5 s with an epoch it has read, and 1 s for a late read."""

CUTOVER_PLAYBOOKS: Mapping[str, str] = {"archive": "release-archiving", "open": "open"}
"""Part of a cutover → the shop's playbook that does it."""


_WAIT_MARGIN = timedelta(minutes=1)
"""A wait is never ended by its own limit: it would begin again, and never be over."""


def first_of_cutover(name: str) -> str:
    """The step with which the old site is fenced: nothing after it can be taken back."""
    return f"{name}.epoch"


def last_of_cutover(name: str) -> str:
    """The step that stands for the whole of cutover ``name`` where another step needs it."""
    return f"{name}.dns-settled"


def cutover_steps(entry: StepEntry, plan: Plan, kind: RunKind) -> Iterator[Step]:
    """The parts of cutover ``entry`` in order, each needing the one before."""
    needs = entry.after
    for part, work in _parts(plan, kind):
        name = f"{entry.name}.{part}"
        settings = plan.steps.get(name, StepEntry(name=name))
        yield Step(
            id=name,
            work=work,
            needs=(*needs, *settings.after),
            owner=settings.owner or entry.owner or plan.defaults.owner,
            budget=settings.budget,
            limit=_limit(work, settings.limit or entry.limit or plan.defaults.limit),
            stalled=_stalled(work, settings.stalled or entry.stalled or plan.defaults.stalled),
            tries=settings.tries or plan.defaults.tries,
        )
        needs = (name,)


def _limit(work: Work, wanted: timedelta) -> timedelta:
    match work:
        case WaitWork(duration=duration):
            return max(wanted, duration + _WAIT_MARGIN)
        case _:
            return wanted


def _stalled(work: Work, wanted: timedelta | None) -> timedelta | None:
    """A wait has nothing to say, and is over when it is over."""
    return None if isinstance(work, WaitWork) else wanted


def _parts(plan: Plan, kind: RunKind) -> Iterator[tuple[str, Work]]:
    yield "epoch", EpochWork()
    yield "revoke", RevokeWork()
    if kind is not RunKind.DEPLOY:
        reason = "until no host of the old site can still act on an epoch it has read"
        yield "fence", WaitWork(duration=FENCE_BOUND, reason=reason)
    yield "archive", PlaybookWork(playbook=CUTOVER_PLAYBOOKS["archive"], hosts="all")
    yield "open", PlaybookWork(playbook=CUTOVER_PLAYBOOKS["open"], hosts="all")
    yield "dns", DnsWork()
    ttl = plan.dns.ttl if kind is not RunKind.DEPLOY else timedelta(0)
    yield "dns-settled", WaitWork(duration=ttl, reason="until the old DNS answer has run out")
