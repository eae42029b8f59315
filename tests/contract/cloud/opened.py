"""A shop in this cloud, and what is found when a run of it is opened."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from drkit.adapters.cloud import client
from drkit.adapters.epoch import EpochTool, write_first_epoch
from drkit.compose import Opened, look_around, open_plan
from drkit.errors import Problem
from drkit.model.plan import Plan
from drkit.model.record import (
    Target,
)
from drkit.model.step import EpochWork, RunKind
from drkit.model.wish import Wish
from drkit.ports import World
from drkit.run import settle
from tests.contract.cloud.values import context_in, silent
from tests.fakes import plans
from tests.fakes.documents import DOCUMENT

SITES = {name: {**site, "account": "123456789012"} for name, site in DOCUMENT["sites"].items()}
STORE = {
    "orders-db": {"restore": "pgbackrest", "playbook": "pg", "hosts": "app", "needs": ["compute"]}
}
FILES = (
    "stacks/compute/x",
    *(f"playbooks/{name}.yml" for name in ("storefront", "pg", "release-archiving", "open")),
    "checks/buy.py",
)
MOMENT = datetime(2026, 3, 14, 2, 0, tzinfo=UTC)

Write = Callable[..., Plan]


def rebuild(plan: Plan, region: str = "eu-central-1", **more: Any) -> Opened:
    return open_plan(look_around(Wish(plan=plan, kind=RunKind.REBUILD, region=region, **more)))


def settled(problems: tuple[Problem, ...], accept: dict[str, str]) -> Any:
    return settle(problems, Wish(plan=plans.plan(), kind=RunKind.REBUILD, region="", accept=accept))


def served_by(
    world: World, plan: Plan, region: str, *, run: str = "run-0", number: int = 1
) -> None:
    write_first_epoch(world, plan)
    target = Target(shop=plan.shop, region=region, generation=1)
    context = context_in(world, plan, run=run, target=target, epoch=number)
    EpochTool(EpochWork()).do(context, silent)


def backed_up(world: World) -> None:
    for key in ("backup.info", "20260314-010000F/backup.manifest"):
        key = f"pgbackrest/backup/orders-db/{key}"
        client(world, "s3", "eu-north-1").put_object(Bucket="corner-backup", Key=key, Body=b"x")


def places(problems: tuple[Problem, ...]) -> list[str]:
    return [problem.name for problem in problems]
