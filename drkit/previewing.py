"""What the cloud says, for ``drkit plan --preview``: what Pulumi would do, and what stands by.
Writes nothing, not even a stack.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from drkit.errors import ConfigurationError
from drkit.model.plan import DnsMethod, Plan, Tier
from drkit.model.record import Target
from drkit.model.step import RunKind, StackWork
from drkit.ports import Context
from drkit.reporting.head_start import HeadStart
from drkit.reporting.readiness.standby import Standing


def preview_stacks(plan: Plan, region: str) -> Mapping[str, str]:
    """Stack → what would change, or ``after X`` where the stack X must give its inputs first."""
    from drkit.adapters.epoch import read_epoch
    from drkit.adapters.generations import choose_generation
    from drkit.adapters.pulumi_outputs import outputs, prepared, public
    from drkit.adapters.pulumi_stack import StackTool
    from drkit.adapters.pulumi_workspace import backend_of
    from drkit.adapters.vault import open_vault
    from drkit.adapters.worlds import open_world

    world, vault = open_world(plan), open_vault(plan)
    epoch = read_epoch(world, plan)
    generation = choose_generation(world, plan, region, epoch)
    target = Target(shop=plan.shop, region=region, generation=generation)
    backend = backend_of(plan, world, vault)
    failover = plan.dns.method is DnsMethod.FAILOVER
    addresses = prepared(plan, world, vault).addresses if failover else {}
    facts: dict[str, Mapping[str, object]] = {}
    found: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="drkit-") as folder:
        for stack in plan.stacks.values():
            missing = [need for need in stack.needs if need in plan.stacks and need not in facts]
            if missing:
                found[stack.name] = f"after {', '.join(missing)}"
                continue
            context = Context(
                run="preview",
                kind=RunKind.REBUILD,
                plan=plan,
                target=target,
                world=world,
                folder=Path(folder),
                log=Path(folder) / f"{stack.name}.log",
                facts=facts,
                vault=vault,
                addresses=addresses,
                epoch=epoch.number + 1,
                serving=epoch.serving,
            )
            counts = StackTool(StackWork(stack=stack.name)).preview(context)
            found[stack.name] = (
                f"{counts.create} to create, {counts.update} to update, {counts.replace} to"
                f" replace, {counts.delete} to delete, {counts.same} as they are"
            )
            try:
                made = outputs(plan, backend, name=stack.name, stack=target.name)
            except ConfigurationError:
                continue
            facts[stack.name] = public(made)
    return found


def head_start_outside(plan: Plan, region: str) -> HeadStart | None:
    """What a rebuild of ``region`` finds done, by the outside location; None: the site is cold.

    Raises ConfigurationError where that does not answer.
    """
    from drkit.adapters.digests import standby_digests
    from drkit.adapters.earlier_rebuilds import EarlierRebuilds
    from drkit.adapters.epoch import read_epoch
    from drkit.adapters.generations import known_generations
    from drkit.adapters.outside_store import OutsideStore
    from drkit.adapters.worlds import open_world

    if plan.sites[region].tier is not Tier.WARM:
        return None
    world = open_world(plan)
    number = known_generations(world, plan, region, read_epoch(world, plan)).standing
    standing = None
    if number is not None:
        target = Target(shop=plan.shop, region=region, generation=number)
        earlier = EarlierRebuilds(OutsideStore(world, plan), plan)
        standing = Standing(target=target, records=earlier.builder_of(target))
    return HeadStart(region=region, standing=standing, digests=standby_digests(plan), asked=True)
