"""The look that a validation takes at the standby of a warm site: one step, in a pass of its own.

It comes after the run's own and whatever became of that: beside it, it would take time from the
copy whose recovery is measured.
"""

from __future__ import annotations

from dataclasses import replace

from drkit.model.plan import Plan
from drkit.model.step import DriftWork
from drkit.planning.graph import Graph
from drkit.planning.making import step_of

DRIFT = "drift"
"""The step."""


def drift_graph(plan: Plan, generation: int | None) -> Graph:
    """The look at ``generation``, which stands by; None: nothing does."""
    step = replace(step_of(plan, DRIFT, DriftWork(generation=generation), ()), needs=())
    return Graph({DRIFT: step}, {DRIFT: ()})
