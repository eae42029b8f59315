"""Which generation of a site a run builds: the newest that was never opened, else the next.

A generation is known by its Pulumi stacks in the state bucket, by the copies of their states (the
state may be lost), and by the epochs that opened it.
"""

from __future__ import annotations

import re

from drkit.adapters.cloud import client, said_by_cloud
from drkit.adapters.epoch import Epoch
from drkit.adapters.state_copies import stacks_with_copies
from drkit.errors import ConfigurationError
from drkit.model.plan import Plan
from drkit.ports import World

_PREFIX = ".pulumi/stacks/"


def choose_generation(world: World, plan: Plan, region: str, epoch: Epoch) -> int:
    """From 1. Raises ConfigurationError when state or copies cannot be read."""
    pattern = re.compile(rf"{re.escape(_PREFIX)}[^/]+/{re.escape(region)}\.g(\d+)\.json(?:\.gz)?$")
    try:
        pages = client(world, "s3", plan.outside.region).get_paginator("list_objects_v2")
        keys = [
            entry["Key"]
            for page in pages.paginate(Bucket=plan.outside.state, Prefix=_PREFIX)
            for entry in page.get("Contents", ())
        ]
    except said_by_cloud() as error:
        raise ConfigurationError(
            f"the state in s3://{plan.outside.state} cannot be read: {error}",
            remedy="run `drkit prepare` once; or check the outside location",
        ) from error
    built = {int(match[1]) for key in keys if (match := pattern.match(key))}
    built |= {
        int(number)
        for site, _, number in (name.rpartition(".g") for name in stacks_with_copies(world, plan))
        if site == region and number.isdecimal()
    }
    opened = {
        int(name.rpartition(".g")[2]) for name in epoch.opened if name.rpartition(".g")[0] == region
    }
    newest = max(built | opened, default=1)
    return newest + 1 if newest in opened else newest
