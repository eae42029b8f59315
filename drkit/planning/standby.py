"""The graph of a standby, which is the beginning of a rebuild.

It is that of a rebuild, cut down to the stacks and to the acts of playbooks that the restore
of a store waits for. Refuses the playbooks of services, whoever waits for them: what is installed
there could act as the shop. What needs anything that is left out is left out as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from drkit.errors import Problem
from drkit.model.plan import Plan, Tier
from drkit.model.step import PlaybookWork, RunKind, StackWork, Step
from drkit.planning.closure import closure


def standing_by(plan: Plan, whole: Mapping[str, Step]) -> dict[str, Step]:
    """The steps of a standby, from those of a rebuild of ``plan`` in topological order."""
    first = [need for store in plan.stores if store in whole for need in whole[store].needs]
    waited_for = closure(first, lambda name: whole[name].needs)
    serving = {service.playbook for service in plan.services.values()}
    kept: dict[str, Step] = {}
    for name, step in whole.items():
        match step.work:
            case StackWork():
                stands = True
            case PlaybookWork(playbook=playbook):
                stands = name in waited_for and playbook not in serving
            case _:
                stands = False
        if stands and kept.keys() >= set(step.needs):
            kept[name] = step
    return kept


def tier_problems(plan: Plan, kind: RunKind, region: str) -> Iterator[Problem]:
    """Why nothing is brought up beforehand in ``region``, a site of ``plan``."""
    if kind is RunKind.STANDBY and plan.sites[region].tier is not Tier.WARM:
        yield Problem(
            place=f"sites.{region}.tier",
            message=f"{region} is cold: nothing stands there before it is needed",
            remedy="write `tier: warm` at the site; docs/how-to/keep-a-warm-standby.md says what"
            " that costs and gains",
        )
