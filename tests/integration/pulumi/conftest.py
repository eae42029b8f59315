"""Small Pulumi projects without a cloud, on state in a folder: the real CLI, in seconds."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from drkit.adapters.plan_yaml import structure_plan
from drkit.adapters.pulumi_workspace import Backend
from drkit.model.plan import Plan, Stack
from drkit.model.record import Target
from drkit.model.step import RunKind
from drkit.ports import Context, Secret, World

PASSPHRASE = "correct horse battery staple"
Project = Callable[[str, str], Path]


def small_plan(root: Path) -> Plan:
    """A plan of one site with the stacks ``base`` and ``hosts`` (which needs and provides)."""
    plan = structure_plan(
        {
            "version": 1,
            "shop": "boutique",
            "currency": "EUR",
            "outside": {
                "region": "eu-north-1",
                "state": "s3://boutique-dr",
                "backups": "s3://boutique-backup",
            },
            "secrets": {"vault": "secrets.yml", "password": {"command": "true"}},
            "dns": {"name": "shop.example", "ttl": "10s"},
            "people": {"ana": {"roles": ["lead"]}},
            "sites": {
                "eu-central-1": {
                    "cloud": "sandbox",
                    "account": "000000000000",
                    "ssh": {"jump": "edge"},
                    "images": {"host": "shop-12"},
                }
            },
            "processes": {},
            "stacks": {"base": {}, "hosts": {"needs": ["base"]}},
        },
        root=root,
    )
    stacks = {**plan.stacks, "hosts": Stack(name="hosts", needs=("base",), provides=("app",))}
    return dataclasses.replace(plan, stacks=stacks)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Write stacks/NAME/ with a program, and return its folder."""

    def write(name: str, program: str) -> Path:
        folder = tmp_path / "stacks" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "Pulumi.yaml").write_text(f"name: {name}\nruntime: python\n")
        (folder / "__main__.py").write_text(program)
        return folder

    return write


@pytest.fixture
def backend(tmp_path: Path) -> Backend:
    (tmp_path / "state").mkdir()
    return Backend(
        url=f"file://{tmp_path}/state",
        environment={"PULUMI_CONFIG_PASSPHRASE": PASSPHRASE},
        home=tmp_path / "home",
    )


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return context_in(tmp_path)


def context_in(
    root: Path,
    *,
    facts: Mapping[str, Mapping[str, object]] | None = None,
    vault: Mapping[str, Secret] | None = None,
    limit: timedelta = timedelta(minutes=5),
) -> Context:
    """The context of a try in ``root``, of generation 2."""
    plan = small_plan(root)
    plan = dataclasses.replace(plan, defaults=dataclasses.replace(plan.defaults, limit=limit))
    return Context(
        run="r1",
        kind=RunKind.REBUILD,
        plan=plan,
        target=Target(shop="boutique", region="eu-central-1", generation=2),
        world=World(
            account="000000000000",
            endpoints={},
            key=Secret("key"),
            secret=Secret("secret"),
            ca=None,
            resolver=None,
            pulumi_home=None,
        ),
        folder=root,
        log=root / "try.log",
        facts=facts or {},
        vault=vault or {},
    )
