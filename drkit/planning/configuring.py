"""Which steps of a rebuild configure hosts and do nothing else: what their playbooks would change
on a site that was built is what is otherwise there.

Decided by the kind of a step: its playbook is no cutover's and waits for no gate. A store is among
them, because in check mode its playbook restores nothing and compares how it is set up. Of a site
that serves the same steps of a deployment are played: a restored one does not archive before its
cutover.
"""

from __future__ import annotations

from drkit.model.step import PlaybookWork, Step, StoreWork
from drkit.planning.graph import Graph
from drkit.planning.muzzled import without_what_acts


def configuring(graph: Graph) -> tuple[Step, ...]:
    """Of the steps of a rebuild, in their order."""
    found = without_what_acts(graph.steps).values()
    return tuple(step for step in found if isinstance(step.work, PlaybookWork | StoreWork))
