"""One sandbox per test module, and in it, for the tests of the network, a small site."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from tests.integration.sandbox.lab import (
    ANYWHERE,
    Network,
    Sandbox,
    Shell,
    banner,
    cli,
    eventually,
    make_keys,
)


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory, keys: Path) -> Iterator[Sandbox]:
    folder = tmp_path_factory.mktemp("up") / "sandbox"
    done = cli(folder, "up")
    assert done.returncode == 0, done.stderr
    yield Sandbox(folder=folder, keys=keys)
    assert cli(folder, "down").returncode == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A jump host with an elastic IP, an application host and a database host behind it."""

    network: Network
    elastic: str
    edge: Shell
    app: Shell
    db: Shell
    instances: dict[str, str]


@pytest.fixture(scope="module")
def site(sandbox: Sandbox) -> Site:
    network = sandbox.network("eu-central-1", "10.68.0.0/16")
    jump = sandbox.group(network, "edge", (22, ANYWHERE))
    from_jump = {"UserIdGroupPairs": [{"GroupId": jump}]}
    application = sandbox.group(network, "app", (22, from_jump))
    from_app = {"UserIdGroupPairs": [{"GroupId": application}]}
    database = sandbox.group(network, "db", (22, from_jump), (5432, from_app))
    edge = sandbox.start(network, "edge-1", subnet=network.public, group=jump)
    app = sandbox.start(network, "app-1", subnet=network.private, group=application)
    db = sandbox.start(network, "db-1", subnet=network.private, group=database)
    elastic = sandbox.give_address(network.region, edge["InstanceId"])
    shells = {
        found["InstanceId"]: Shell(
            keys=sandbox.keys, address=found["PrivateIpAddress"], jump=elastic
        )
        for found in (app, db)
    }
    made = Site(
        network=network,
        elastic=elastic,
        edge=Shell(keys=sandbox.keys, address=elastic),
        app=shells[app["InstanceId"]],
        db=shells[db["InstanceId"]],
        instances={"edge": edge["InstanceId"], "app": app["InstanceId"], "db": db["InstanceId"]},
    )
    eventually(lambda: banner(elastic), what="the jump host answers")
    for name, shell in (("edge-1", made.edge), ("app-1", made.app), ("db-1", made.db)):
        eventually(
            lambda shell=shell, name=name: shell.says("hostname", name),  # type: ignore[misc]
            within=timedelta(seconds=60),
            what=f"{name} lets the operator in",
        )
    return made
