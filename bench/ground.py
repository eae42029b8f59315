"""The ground that every measured rebuild stands on: what it is told, and how it is taken away.

One place makes the context of all of them, so that they differ in how they go about it and in
nothing else. Destroys only a generation that a measurement built.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from drkit.adapters.cloud import client
from drkit.adapters.epoch import Epoch, read_epoch
from drkit.adapters.outside_store import OutsideStore
from drkit.adapters.pulumi_outputs import Prepared, prepared
from drkit.adapters.pulumi_stack import StackTool
from drkit.adapters.pulumi_workspace import backend_of, open_workspace
from drkit.adapters.state_copies import PREFIX
from drkit.adapters.vault import open_vault
from drkit.adapters.worlds import open_world
from drkit.errors import StepError
from drkit.model.plan import Plan
from drkit.model.record import Target
from drkit.model.step import RunKind, StackWork
from drkit.planning.graph import build_graph
from drkit.ports import Context, Secret, World

Facts = Mapping[str, Mapping[str, object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A plan with its world opened."""

    plan: Plan
    world: World
    vault: Mapping[str, Secret]
    epoch: Epoch
    prepared: Prepared

    def context(self, target: Target, folder: Path, *, log: str, facts: Facts) -> Context:
        """What a step of a rebuild of ``target`` may know; ``folder`` holds its files and logs."""
        return Context(
            run=folder.name,
            kind=RunKind.REBUILD,
            plan=self.plan,
            target=target,
            world=self.world,
            folder=folder,
            log=folder / "logs" / f"{log}.log",
            facts=facts,
            vault=self.vault,
            identities=self.prepared.identities,
            addresses=self.prepared.addresses,
            epoch=self.epoch.number + 1,
            serving=self.epoch.serving,
        )


def open_ground(plan: Plan) -> Ground:
    """Raises ConfigurationError where the world, the vault or the stack outside is not there."""
    world, vault = open_world(plan), open_vault(plan)
    return Ground(
        plan=plan,
        world=world,
        vault=vault,
        epoch=read_epoch(world, plan),
        prepared=prepared(plan, world, vault),
    )


def clear(ground: Ground, target: Target, folder: Path, facts: Facts) -> None:
    """Destroy the stacks of ``target``, and their state: the region is as if they never were.

    ``facts`` are the outputs of those that came up. Raises StepError when one will not go.
    """
    plan = ground.plan
    for name in reversed(list(build_graph(plan, RunKind.REBUILD).steps)):
        if name not in plan.stacks or not set(plan.stacks[name].needs) <= set(facts):
            continue
        if isinstance(bucket := facts.get(name, {}).get("bucket"), str):
            _empty(ground, target.region, bucket)
        context = ground.context(target, folder, log=f"destroy-{name}", facts=facts)
        outcome = StackTool(StackWork(stack=name)).destroy(context, lambda _line: None)
        if not outcome.done:
            raise StepError(f"{target.name} is not taken away: {outcome.message}")
        _forget(ground, name, target)


def _empty(ground: Ground, region: str, bucket: str) -> None:
    """Every version of every object: a bucket that holds one cannot be deleted."""
    s3 = client(ground.world, "s3", region)
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for entry in [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]:
            s3.delete_object(Bucket=bucket, Key=entry["Key"], VersionId=entry["VersionId"])


def _forget(ground: Ground, name: str, target: Target) -> None:
    """Remove the state of a stack that holds nothing, and its copies: else the next rebuild finds a
    stack there, or brings back what it takes for lost.
    """
    from pulumi.automation import StackNotFoundError

    backend = backend_of(ground.plan, ground.world, ground.vault)
    with (
        open_workspace(ground.plan.root / "stacks" / name, backend) as opened,
        contextlib.suppress(StackNotFoundError),
    ):
        opened.workspace.remove_stack(target.name)
    copies = OutsideStore(ground.world, ground.plan, bucket=ground.plan.outside.backups)
    folder = f"{PREFIX}{name}/{target.name}/"
    for copy in copies.names(folder):
        copies.remove(folder + copy)
