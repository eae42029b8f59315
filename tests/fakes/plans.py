"""Plans made in memory: valid by default, and any part replaced by the caller."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from drkit.model.plan import (
    Cloud,
    Dns,
    Outside,
    Person,
    Plan,
    Process,
    Provider,
    RestoreTool,
    Secrets,
    Service,
    Site,
    Stack,
    StepEntry,
    Store,
)
from drkit.model.quantities import Impact, Money


def site(region: str) -> Site:
    return Site(
        region=region,
        cloud=Cloud.SANDBOX,
        account="000000000000",
        jump="edge",
        images={"host": "shop-12"},
    )


def process(name: str, *needs: str, rto: timedelta = timedelta(hours=2), day: int = 100) -> Process:
    return Process(
        name=name,
        rto=rto,
        rpo=timedelta(hours=1),
        impact=Impact(Money(day * 100, "EUR")),
        needs=needs,
        proof=Path(f"checks/journeys/{name}.py"),
    )


def service(name: str, *needs: str, checks: tuple[Path, ...] = ()) -> Service:
    return Service(name=name, playbook=name, hosts="app", needs=needs, checks=checks)


def entry(name: str, **settings: Any) -> StepEntry:
    return StepEntry(name=name, **settings)


def plan(**parts: Any) -> Plan:
    """A shop with one stack, one store, two services, two processes, a gate and a cutover."""
    stacks = {
        "network": Stack(name="network"),
        "compute": Stack(name="compute", needs=("network",), provides=("app", "db", "edge")),
    }
    orders_db = Store(
        name="orders-db",
        restore=RestoreTool.PGBACKREST,
        playbook="postgres",
        hosts="db",
        needs=("compute",),
        stanza="shop",
    )
    defaults: dict[str, Any] = {
        "root": Path("shop"),
        "shop": "boutique",
        "currency": "EUR",
        "outside": Outside(region="eu-north-1", state="boutique-dr", backups="boutique-backup"),
        "secrets": Secrets(vault=Path("secrets.yml"), password_command="cat password"),
        "dns": Dns(name="shop.example", ttl=timedelta(seconds=10)),
        "people": {"ana": Person(name="ana", roles=("lead",)), "bo": Person(name="bo", roles=())},
        "sites": {name: site(name) for name in ("eu-west-3", "eu-central-1")},
        "providers": {"card-a": Provider(name="card-a", endpoint="https://card-a.example")},
        "processes": {
            "sales": process("sales", "orders", "payment"),
            "payment": process("payment", "payment", rto=timedelta(hours=1), day=300),
        },
        "stacks": stacks,
        "stores": {"orders-db": orders_db},
        "services": {
            "orders": service("orders", "orders-db", checks=(Path("checks/test_orders.py"),)),
            "payment": service("payment", "orders"),
        },
        "steps": steps(
            entry("consent", gate="lead", after=("proof.sales", "proof.payment")),
            entry("cutover", cutover="dns", after=("consent",)),
        ),
    }
    return Plan(**(defaults | parts))


def steps(*entries: StepEntry) -> Mapping[str, StepEntry]:
    return {found.name: found for found in entries}


def with_base(**parts: Any) -> Plan:
    """A shop with a playbook that its store waits for."""
    whole = plan()
    stores = {"orders-db": replace(whole.stores["orders-db"], needs=("base",))}
    base = entry("base", playbook="base", hosts="all", after=("compute",))
    return plan(**({"stores": stores, "steps": {**whole.steps, "base": base}} | parts))
