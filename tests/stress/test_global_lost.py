"""A whole rebuild by the method `failover`, with the region that served and `global` lost together.

A sandbox of its own: the method is chosen before a shop is deployed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from http import HTTPStatus

import pytest
from botocore.exceptions import ClientError

from drkit.adapters.cloud import client
from drkit.adapters.plan_yaml import load_plan
from drkit.adapters.pulumi_outputs import prepared
from drkit.adapters.vault import open_vault
from drkit.adapters.worlds import open_world
from drkit.ports import World
from tests.e2e.conftest import NEW, OLD, REBUILD
from tests.e2e.desk import Desk, Run, Said

RECORD = "dns: {name: shop.example, ttl: 10s}"
FAILOVER = "dns: {name: shop.example, ttl: 10s, method: failover, switch: s3://boutique-switch}"
CONSENT = ("--consent", "consent=ana")


def carried_out(desk: Desk, *arguments: str) -> None:
    said = desk.drkit(*arguments)
    assert said.code == 0, said.out + said.err


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The shop in its first region; its public name is a failover record."""
    desk = Desk.at(tmp_path_factory.mktemp("global"))
    desk.plan_with(RECORD, FAILOVER).replace(desk.root / "drkit.yaml")
    try:
        for command in ("up", "secrets"):
            carried_out(desk, "sandbox", command)
        carried_out(desk, "prepare")
        carried_out(desk, "deploy", "--region", OLD, *CONSENT)
        yield desk
    finally:
        assert desk.drkit("sandbox", "down").code == 0


def public_name(desk: Desk) -> list[str]:
    return [str(found) for found in desk.sandbox.ask("shop.example")]


def edge_of(desk: Desk, region: str) -> list[str]:
    hosts = desk.sandbox.status(region)["hosts"]
    return [host["public"] for host in hosts if host["public"]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    said: Said
    run: Run
    before: list[str]
    """What the public name led to before the loss."""


@pytest.fixture(scope="module")
def rebuilt(desk: Desk) -> Rebuilt:
    """Region and `global` are lost at once, and the shop is rebuilt in the other region."""
    before = public_name(desk)
    assert before == edge_of(desk, OLD)
    for lost in (OLD, "global"):
        carried_out(desk, "sandbox", "lose", lost)
    said = desk.drkit(*REBUILD, *CONSENT)
    [run] = desk.runs("rebuild")
    return Rebuilt(said=said, run=run, before=before)


def test_every_process_is_live_in_the_new_region(desk: Desk, rebuilt: Rebuilt) -> None:
    report = rebuilt.run.report
    assert all(process["live"] for process in report["processes"]), rebuilt.said.out
    assert public_name(desk) == edge_of(desk, NEW) != rebuilt.before


def test_nothing_was_even_asked_of_what_is_lost(desk: Desk, rebuilt: Rebuilt) -> None:
    """Not one packet, so no step has waited; a call by hand is the positive control."""
    for lost in ("global", OLD):
        assert desk.sandbox.status(lost)["dropped_endpoint"] == 0, lost
    with pytest.raises(Exception, match=r"[Tt]imeout|timed out"):
        desk.sandbox.impatient("route53", OLD).list_hosted_zones()
    assert desk.sandbox.status("global")["dropped_endpoint"] > 0


@pytest.fixture
def world(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> World:
    for name in ("PATH", "DRKIT_SANDBOX"):
        monkeypatch.setenv(name, desk.environment[name])
    monkeypatch.chdir(desk.root)
    return open_world(load_plan(desk.root / "drkit.yaml"))


@pytest.fixture
def writes(desk: Desk, world: World) -> Callable[[str], bool]:
    """Whether the key of a site's backups may write them now."""
    plan = load_plan(desk.root / "drkit.yaml")
    identities = prepared(plan, world, open_vault(plan)).identities

    def may_write(site: str) -> bool:
        backup = identities[site]["backup"]
        owner = replace(world, key=backup["key"], secret=backup["secret"])
        s3 = client(owner, "s3", plan.outside.region)
        try:
            s3.put_object(Bucket=plan.outside.backups, Key="pgbackrest/of-a-test", Body=b"")
        except ClientError as refused:
            return refused.response["ResponseMetadata"]["HTTPStatusCode"] != HTTPStatus.FORBIDDEN
        return True

    return may_write


@pytest.mark.filterwarnings("ignore:.*has been deprecated in favor of")
def test_the_old_sites_key_writes_no_backup_and_the_new_ones_does(
    rebuilt: Rebuilt, writes: Callable[[str], bool]
) -> None:
    assert writes(NEW)
    assert not writes(OLD)


@pytest.mark.filterwarnings("ignore:.*has been deprecated in favor of")
def test_the_old_site_comes_back_and_gets_neither_customers_nor_backups(
    desk: Desk, rebuilt: Rebuilt, writes: Callable[[str], bool]
) -> None:
    """Last: what was lost is given back, and `drkit prepare` lets all of it stand."""
    for lost in (OLD, "global"):
        carried_out(desk, "sandbox", "restore", lost)
    carried_out(desk, "prepare")
    assert public_name(desk) == edge_of(desk, NEW)
    assert not writes(OLD)
