"""The cloud of these tests as values: a world, and what a try in it may know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drkit.model.plan import Plan
from drkit.model.record import Target
from drkit.model.step import RunKind
from drkit.ports import Context, Endpoint, Secret, World

KEY = "AKIAOPERATOROPERATOR"
"""moto's STS knows keys of 20 characters alone."""
REGIONS = ("eu-west-3", "eu-central-1", "eu-north-1", "global")


def world_at(url: str, resolver: str | None = None) -> World:
    return World(
        account="123456789012",
        endpoints={name: Endpoint(region=name, url=url, name=name) for name in REGIONS},
        key=Secret(KEY),
        secret=Secret("operator-secret-key"),
        ca=None,
        resolver=resolver,
        pulumi_home=None,
    )


def context_in(world: World, plan: Plan, **parts: Any) -> Context:
    hosts = {"edge-1": {"groups": ["edge"], "address": "10.68.0.4", "public": "198.18.0.7"}}
    known: dict[str, Any] = {
        "run": "run-1",
        "kind": RunKind.REBUILD,
        "plan": plan,
        "target": Target(shop=plan.shop, region="eu-central-1", generation=1),
        "world": world,
        "folder": plan.root,
        "log": plan.root / "step.log",
        "facts": {"compute": {"hosts": hosts}},
        "epoch": 1,
    }
    return Context(**(known | parts))


def silent(line: str) -> None:
    """A progress that nobody watches."""


def identity(user: str, *purposes: str) -> Mapping[str, Mapping[str, Secret]]:
    """Identities of one site by purpose, each with a user of its own; of ``backup`` only, if none
    is told, with just that name."""
    key = {"key": Secret("k"), "secret": Secret("s")}
    named = {purpose: f"{user}-{purpose}" for purpose in purposes} or {"backup": user}
    return {purpose: {"user": Secret(name), **key} for purpose, name in named.items()}
