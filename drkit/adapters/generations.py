"""Which generation of a site a run builds: the newest that was never opened, else the next.

A generation is known by its Pulumi stacks in the state bucket, by the copies of their states (the
state may be lost), and by the epochs that opened it.
"""

from __future__ import annotations

from collections.abc import Iterable

from drkit.adapters.cloud import client, said_by_cloud
from drkit.adapters.epoch import Epoch
from drkit.adapters.state_copies import stacks_with_copies
from drkit.adapters.stored_states import stored_states
from drkit.errors import ConfigurationError
from drkit.model.plan import Plan
from drkit.ports import World


def choose_generation(world: World, plan: Plan, region: str, epoch: Epoch) -> int:
    """From 1. Raises ConfigurationError when state or copies cannot be read."""
    s3 = client(world, "s3", plan.outside.region)
    try:
        stacks = [state.stack for state in stored_states(s3, plan.outside.state)]
    except said_by_cloud() as error:
        raise ConfigurationError(
            f"the state in s3://{plan.outside.state} cannot be read: {error}",
            remedy="run `drkit prepare` once; or check the outside location",
        ) from error
    built = _numbers(region, [*stacks, *stacks_with_copies(world, plan)])
    opened = _numbers(region, epoch.opened)
    newest = max(built | opened, default=1)
    return newest + 1 if newest in opened else newest


def _numbers(region: str, names: Iterable[str]) -> set[int]:
    """The generations among names such as ``eu-central-1.g2`` that are of ``region``."""
    parts = [name.rpartition(".g") for name in names]
    return {int(number) for site, _, number in parts if site == region and number.isdecimal()}
