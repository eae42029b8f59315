"""Whether two people agree that a generation is destroyed which customers were on.

Asked, answered and counted as a gate of a run is: by signed answers to a name that stands for the
run. Nobody waits: whoever asks holds the site no longer than it takes to look, and asks again. A
no ends the asking, whatever plan it was given by, and the next one begins anew. A yes is to one
plan, for a week: under another, and after that, people are asked anew.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from drkit.errors import ConfigurationError
from drkit.model.plan import Plan
from drkit.model.record import GateAnswered, Target
from drkit.model.step import GateWork, Step
from drkit.operating import operator
from drkit.planning.people import gate_of_removal

if TYPE_CHECKING:
    from drkit.adapters.outside_store import OutsideStore
    from drkit.adapters.removals import Removal

_LIMIT = timedelta(days=7)
"""After that nobody knows any more what a yes was said to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What people are asked, and what counts of what they said so far."""

    removal: Removal
    step: str
    """What the answers name besides."""
    gate: GateWork
    said: tuple[GateAnswered, ...]
    answer: GateAnswered | None
    """All of it together; None while people are missing."""
    sealed: bool
    """Whether the plan has codes that stand in for one of them."""
    outdated: str = ""
    """Why no yes to it counts any more; empty: it does."""

    @property
    def agreed(self) -> bool:
        return self.answer is not None and self.answer.consent and not self.outdated

    @property
    def refused(self) -> bool:
        return self.answer is not None and not self.answer.consent

    @property
    def stands(self) -> bool:
        """Whether what people say counts, or will: the next asking is the same one."""
        return not self.refused and not self.outdated


def agreement(plan: Plan, store: OutsideStore, target: Target) -> Agreement | None:
    """How it stands; None where nobody is asked. Only for a plan in which enough could agree.

    Raises ConfigurationError, also where not all that people said can be read: there may be a no.
    """
    from drkit.adapters.removals import read_removal

    removal = read_removal(store, target)
    return _counted(plan, store, removal) if removal else None


def agree(plan: Plan, store: OutsideStore, target: Target, *, reason: str) -> Agreement:
    """Ask, if nobody is asked yet, or what they were asked is outdated, and say how it stands. One
    that somebody refused is over.

    Raises as :func:`agreement`.
    """
    from drkit.adapters.removals import ask_removal, drop_removal

    found = agreement(plan, store, target)
    if found is not None and found.stands:
        return found
    if found is not None:
        drop_removal(store, target)
        if found.refused:
            return found
    removal = _asking(plan, target, reason)
    ask_removal(store, removal)
    return _counted(plan, store, removal)


def _asking(plan: Plan, target: Target, reason: str) -> Removal:
    from drkit.adapters.answers import plan_digest
    from drkit.adapters.clock import SystemClock
    from drkit.adapters.removals import Removal, new_name

    now = SystemClock().now()
    return Removal(
        target=target,
        name=new_name(target, now),
        reason=reason,
        operator=operator(),
        at=now,
        plan=plan_digest(plan.source),
    )


def _outdated(plan: Plan, removal: Removal) -> str:
    from drkit.adapters.answers import plan_digest
    from drkit.adapters.clock import SystemClock

    if removal.plan != plan_digest(plan.source):
        return "they were asked by another plan"
    old = SystemClock().now() - removal.at > _LIMIT
    return f"they were asked more than {_LIMIT.days} days ago" if old else ""


def _counted(plan: Plan, store: OutsideStore, removal: Removal) -> Agreement:
    from drkit.adapters.consent import GivenConsent
    from drkit.adapters.gate import GateKeeper, RunOf
    from drkit.adapters.removals import DESTROY
    from drkit.adapters.runs_folder import RunsFolder
    from drkit.model.record import GateOverdue

    gate = gate_of_removal(plan)
    run = RunOf(
        region=removal.target.region,
        run=removal.name,
        plan=plan,
        used_codes=RunsFolder(plan.root).used_codes,
        refused_by_any_plan=True,
    )
    keeper = GateKeeper(GivenConsent(plan, {}), store, run)
    step = Step(id=DESTROY, work=gate, needs=(), owner="", budget=None, limit=timedelta(0))
    answer = keeper.answer(step, timedelta(0))
    if error := keeper.broken_off(DESTROY):
        raise ConfigurationError(
            f"not all answers to {removal.name} can be read, and one may be a no; nothing was"
            f" touched: {error}",
            remedy=error.remedy,
        ) from error
    if isinstance(answer, GateOverdue):
        raise AssertionError("a gate without a limit is never overdue")
    return Agreement(
        removal=replace(removal, agreed=answer if answer and answer.consent else None),
        step=DESTROY,
        gate=gate,
        said=keeper.said(DESTROY),
        answer=answer,
        sealed=bool(plan.break_glass),
        outdated=_outdated(plan, removal),
    )
