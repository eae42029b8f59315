"""Whose data a process works on: not what it waits for in a run, which is nearly all of it."""

from __future__ import annotations

from drkit.model.plan import Plan, RestoreTool, Store
from drkit.planning.closure import closure


def stores_behind(plan: Plan, process: str) -> tuple[Store, ...]:
    """The stores whose loss would be a loss of ``process``, in the order of the plan; none of those
    that are made anew.
    """
    behind = closure(plan.processes[process].needs, lambda name: _needs(plan, name))
    return tuple(
        store
        for store in plan.stores.values()
        if store.name in behind and store.restore is not RestoreTool.REBUILD
    )


def _needs(plan: Plan, name: str) -> tuple[str, ...]:
    found = plan.services.get(name) or plan.stores.get(name)
    return found.needs if found else ()
