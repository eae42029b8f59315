"""Which steps of a rebuild configure hosts and do nothing else: what their playbooks would change
on a site that was built is what is otherwise there.

Decided by the kind of a step: its playbook is no cutover's, waits for no gate, restores nothing.
Refuses restores, because they refuse a host that was opened.
"""

from __future__ import annotations

from drkit.model.step import Mode, PlaybookWork, Step, StoreWork
from drkit.planning.graph import Graph
from drkit.planning.muzzled import without_what_acts


def configuring(graph: Graph) -> tuple[Step, ...]:
    """Of the steps of a rebuild, in their order."""
    return tuple(step for step in without_what_acts(graph.steps).values() if _configures(step))


def _configures(step: Step) -> bool:
    match step.work:
        case PlaybookWork() | StoreWork(mode=Mode.CREATE):
            return True
        case _:
            return False
