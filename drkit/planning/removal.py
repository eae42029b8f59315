"""The steps that take a validation's copy away: each stack before those that it needs.

A pass of their own, after the run's and whatever became of that; they need nothing but each other.
"""

from __future__ import annotations

from dataclasses import replace

from drkit.model.plan import Plan
from drkit.model.record import StepPlanned
from drkit.model.step import RemovalWork
from drkit.planning.graph import Graph
from drkit.planning.making import step_of
from drkit.planning.reaping import order_of_removal


def removal_graph(plan: Plan) -> Graph:
    """One step for each stack of ``plan``."""
    steps = {}
    for stack in order_of_removal(plan):
        users = [user.name for user in plan.stacks.values() if stack in user.needs]
        # as its stack's step, but for what that says of making it
        like = step_of(plan, stack, RemovalWork(stack=stack), ())
        name, needs = _removal(stack), tuple(_removal(user) for user in users)
        steps[name] = replace(like, id=name, needs=needs, budget=None, stalled=None)
    return Graph(steps, dict.fromkeys(steps, ()))


def planned_at_the_end(run: Graph, removal: Graph) -> tuple[StepPlanned, ...]:
    """The steps of ``removal`` as a journal of ``run`` records them: after all that it does."""
    needed = {need for step in run.steps.values() for need in step.needs}
    last = tuple(name for name in run.steps if name not in needed)
    return tuple(replace(step, needs=step.needs or last) for step in removal.planned())


def _removal(stack: str) -> str:
    return f"remove.{stack}"
