"""A step as the plan has it: its work, with the settings that are its own, or given to all."""

from __future__ import annotations

from collections.abc import Iterable

from drkit.model.plan import Plan, StepEntry
from drkit.model.step import Step, Work


def step_of(plan: Plan, name: str, work: Work, needs: Iterable[str]) -> Step:
    """The step ``name``, which needs ``needs`` and what its entry in ``steps:`` says besides."""
    entry = plan.steps.get(name, StepEntry(name=name))
    return Step(
        id=name,
        work=work,
        needs=tuple(dict.fromkeys([*needs, *entry.after])),
        owner=entry.owner or plan.defaults.owner,
        budget=entry.budget,
        limit=entry.limit or plan.defaults.limit,
        stalled=entry.stalled or plan.defaults.stalled,
        tries=entry.tries or plan.defaults.tries,
    )
