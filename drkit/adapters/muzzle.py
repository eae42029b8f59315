"""What a drill is told so that its copy of the shop acts on nobody: its network, its playbooks.

Decides which ranges outside it may call, which identities it gets (those that only read), and who
answers in the providers' stead: the sink on the jump host of its own generation. It closes nothing
itself: the stack of the network does, and the playbook `muzzle` proves it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from drkit.adapters.dns import resolve
from drkit.adapters.hosts_output import entrance, hosts_of
from drkit.errors import StepError
from drkit.model.step import RunKind
from drkit.ports import Context

SINK_PORT = 8600
READING = frozenset({"restore", "epoch"})
"""Purposes of the identities that write nowhere."""
_OF_ALL_REGIONS = ("route53.amazonaws.com", "iam.amazonaws.com")
"""APIs of AWS that are of no region. A sandbox has one endpoint for them, `global`."""


def is_drill(context: Context) -> bool:
    """Whether what the run builds must act on nobody."""
    return context.kind is RunKind.VALIDATE


def network_setting(context: Context) -> str:
    """JSON for the stacks: the ranges outside that may be called, and the port of the sink.

    Raises StepError where the region outside has no address: nothing could be restored.
    """
    name = context.world.endpoints[context.plan.outside.region].name
    addresses = resolve(context.world, name)
    if not addresses:
        raise StepError(
            f"{name} has no address, and a drill may call nothing else outside",
            remedy="check the name server; the backups are read from there",
            transient=True,
        )
    outward = [f"{address}/32" for address in sorted(addresses)]
    return json.dumps({"outward": outward, "sink": SINK_PORT})


def _sink(context: Context) -> tuple[str, str]:
    """Name and address inside the site of the jump host. Raises StepError where no stack has
    provided it.
    """
    jump = context.plan.sites[context.target.region].jump
    hosts = hosts_of(context.facts)
    if (door := entrance(hosts, jump)) is None:
        raise StepError(
            f"no host of the group `{jump}` is there to take what the drill says to providers",
            remedy="let the step need the stack that provides it",
        )
    return door, str(hosts[door]["address"])


def sink_urls(context: Context) -> Mapping[str, str]:
    """Provider → where the drill's shop reaches who answers in its stead."""
    _, address = _sink(context)
    return {name: f"http://{address}:{SINK_PORT}/{name}" for name in context.plan.providers}


def muzzle_variables(context: Context) -> Mapping[str, object]:
    """What the playbook `muzzle` needs: the sink, and all that must not be reached."""
    plan, world = context.plan, context.world
    host, address = _sink(context)
    outside = plan.outside.region
    shut = [endpoint.name for region, endpoint in world.endpoints.items() if region != outside]
    return {
        "sink": {"host": host, "address": address, "port": SINK_PORT},
        "answers": {
            provider.name: str(plan.root / provider.drill)
            for provider in plan.providers.values()
            if provider.drill is not None
        },
        "providers": {provider.name: provider.endpoint for provider in plan.providers.values()},
        "endpoints": [*shut, *(() if world.stands_apart else _OF_ALL_REGIONS)],
    }
