"""A two-host plan with a run's folder: what the tools of this package are tried on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from drkit.model.plan import Cloud, Dns, Outside, Plan, Process, Provider, Secrets, Site
from drkit.model.quantities import Impact, Money
from drkit.model.record import Target
from drkit.model.step import RunKind
from drkit.ports import Context, Endpoint, Secret, World
from tests.integration.checking.conftest import NAME, Authority

HOSTS = {
    "app-1": {
        "groups": ["app"],
        "address": "127.0.0.11",
        "public": None,
        "host_key": "ssh-ed25519",
    },
    "app-2": {
        "groups": ["app"],
        "address": "127.0.0.12",
        "public": None,
        "host_key": "ssh-ed25519",
    },
    "edge-1": {"groups": ["edge"], "address": "127.0.0.13", "public": "127.0.0.1", "host_key": ""},
}


@dataclass(frozen=True)
class Yard:
    """A plan's folder: files written here are the shop's checks and ledgers."""

    root: Path
    context: Context

    def write(self, path: str, text: str) -> str:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return path

    @property
    def log(self) -> str:
        return self.context.log.read_text()


def make(
    root: Path,
    authority: Authority,
    *,
    folder: Path | None = None,
    port: int = 443,
    resolver: str | None = None,
    secrets: Mapping[str, str] | None = None,
) -> Yard:
    """A yard at ``root`` whose public name is served on ``port`` of loopback."""
    folder = folder or root / ".drkit" / "runs" / "r1"
    folder.mkdir(parents=True)
    crt, key = authority.issue("proof")
    shutil.copy(crt, folder / "proof.crt")
    shutil.copy(key, folder / "proof.key")
    (folder / "hosts.json").write_text(json.dumps(HOSTS))
    (folder / "ssh_config").write_text("")
    name = NAME if port == 443 else f"{NAME}:{port}"
    context = Context(
        run="r1",
        kind=RunKind.REBUILD,
        plan=_plan(root, name),
        target=Target(shop="boutique", region="eu-central-1", generation=2),
        world=World(
            account="000000000000",
            # the outside, of which nobody here has anything to say
            endpoints={
                "eu-north-1": Endpoint(
                    region="eu-north-1", url="http://127.0.0.1:9", name="nowhere"
                )
            },
            key=Secret("k"),
            secret=Secret("s"),
            ca=authority.ca,
            resolver=resolver,
            pulumi_home=None,
        ),
        folder=folder,
        log=folder / "check.1.log",
        facts={"orders-db": {"timeline": 2}},
        vault={name: Secret(value) for name, value in (secrets or {}).items()},
    )
    return Yard(root, context)


def _plan(root: Path, name: str) -> Plan:
    site = Site(
        region="eu-central-1", cloud=Cloud.SANDBOX, account="0", jump="edge", images={"host": "i"}
    )
    hour = timedelta(hours=1)
    return Plan(
        root=root,
        shop="boutique",
        currency="EUR",
        outside=Outside(region="eu-north-1", state="s", backups="b"),
        secrets=Secrets(vault=Path("secrets.yml"), password_command="true"),
        dns=Dns(name=name, ttl=timedelta(seconds=10)),
        people={},
        sites={"eu-central-1": site, "eu-west-3": site},
        providers={"card-a": Provider(name="card-a", endpoint=f"https://{name}")},
        processes={
            "sales": Process(
                name="sales",
                rto=hour,
                rpo=hour,
                impact=Impact(Money(5_000_000, "EUR")),
                needs=(),
                proof=Path("buy.py"),
            )
        },
        stacks={},
        stores={},
        services={},
        source={
            "sites": {"eu-central-1": {}, "eu-west-3": {}},
            "stores": {"orders-db": {"skip-numbers": 1000}},
        },
    )
