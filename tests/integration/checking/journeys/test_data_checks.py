"""The data checks, on a real database: right as it is, red after each kind of damage.

``ssh`` runs the command here, with a host's paths turned into this machine's.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from drkit.adapters.pytest_check import CheckTool
from drkit.model.outcome import Outcome
from drkit.model.step import CheckWork
from tests.integration.checking.conftest import Authority
from tests.integration.checking.journeys.test_journeys import ROOT
from tests.integration.checking.shop_plan import Yard, make
from tests.integration.shop.conftest import Shop, shops
from tests.integration.shop.servers import Postgres, Redis

_SSH = """#!/bin/sh
while [ $# -gt 2 ]; do shift; done
command=$(printf '%s' "$2" | sed \\
    -e "s#/var/lib/drkit#$STATE#g" -e "s#/opt/shop#$CODE#g" -e "s#-d shop #-d $DATABASE #g" \\
    -e "s#postgresql:///shop[^ ]*#$SHOP_DATABASE_URL#g")
exec /bin/sh -c "$command"
"""
_RUNUSER = """#!/bin/sh
while [ "$1" != -- ]; do shift; done
shift
exec "$@"
"""


@pytest.fixture(scope="module")
def ordered(
    postgres: Postgres, redis_server: Redis, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shop]:
    """With three orders, which its services have taken: they are stopped."""
    with shops(postgres, redis_server, tmp_path_factory.mktemp("ordered")) as opening:
        opened = opening("storefront", "orders", "payment")
        for _ in range(3):
            opened.buyer().buy()
        opened.services.stop()
        yield opened


@pytest.fixture
def shop(ordered: Shop, postgres: Postgres, tmp_path: Path) -> Shop:
    """The same shop, with a copy of its database to damage."""
    database = postgres.database(tmp_path.name, like=ordered.database.rpartition("/")[2])
    environment = {**ordered.services.environment, "SHOP_DATABASE_URL": database}
    services = replace(ordered.services, environment=environment)
    return replace(ordered, services=services, database=database)


@pytest.fixture
def yard(tmp_path: Path, authority: Authority, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Yard:
    binaries = tmp_path / "bin"
    binaries.mkdir()
    programs = {
        "ssh": _SSH,
        "sudo": '#!/bin/sh\nexec "$@"\n',
        "runuser": _RUNUSER,
        "python3": f'#!/bin/sh\nexec {sys.executable} "$@"\n',
    }
    for program, text in programs.items():
        (binaries / program).write_text(text)
        (binaries / program).chmod(0o755)
    server, _, name = shop.database.removeprefix("postgresql://postgres@").partition("/")
    host, _, port = server.partition(":")
    environment = {
        "PATH": f"{binaries}:{os.environ['PATH']}",
        "STATE": str(tmp_path / "state"),
        "CODE": f"{ROOT}:{os.environ.get('PYTHONPATH', '')}",
        "DATABASE": name,
        "SHOP_DATABASE_URL": shop.database,
        "PGHOST": host,
        "PGPORT": port,
        "PGUSER": "postgres",
    }
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    made = make(ROOT, authority, folder=tmp_path / "run")
    db = {"db-1": {"groups": ["db"], "address": "127.0.0.1", "public": None}}
    (made.context.folder / "hosts.json").write_text(json.dumps(db))
    _backed_up(tmp_path, shop)
    return made


def _backed_up(tmp_path: Path, shop: Shop, **changed: Any) -> None:
    """What a restore leaves on the host: the record, with the manifest of its backup."""
    record = {"recovery_point": "latest", "manifest": shop.admin("counts"), **changed}
    (tmp_path / "state" / "stores").mkdir(parents=True, exist_ok=True)
    (tmp_path / "state" / "stores" / "orders-db.json").write_text(json.dumps(record))


def _check(yard: Yard) -> Outcome:
    return CheckTool(CheckWork(paths=("checks/test_data.py",))).do(yard.context, lambda _: None)


def _red(outcome: Outcome) -> str:
    [failure] = outcome.failures
    assert failure.host == "db-1"
    return f"{failure.task}: {failure.message}"


def test_restored_data_that_fits_passes(yard: Yard, shop: Shop) -> None:
    shop.admin("skip-numbers", "1000")
    outcome = _check(yard)
    assert outcome.done, outcome.failures


def test_numbers_that_did_not_jump_are_red(yard: Yard) -> None:
    assert "test_no_order_number_can_be_given_twice" in _red(_check(yard))


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("DELETE FROM mails", "mails: rows 0, the backup held 3"),
        ("DELETE FROM order_lines", "orders without lines"),
        ("UPDATE orders SET total_cents = total_cents + 1", "do not cost what their lines cost"),
        ("UPDATE payments SET capture = NULL", "paid orders without a capture"),
        ("DELETE FROM customers", "orders_customer_fkey"),
        ("TRUNCATE orders CASCADE", "orders: rows 0, the backup held 3"),
    ],
)
def test_each_kind_of_damage_is_told_by_its_name(
    yard: Yard, shop: Shop, damage: str, told: str
) -> None:
    shop.admin("skip-numbers", "1000")
    # Constraints are held by triggers; a damaged file asks no trigger.
    shop.rows(f"SET session_replication_role = replica; {damage}")
    outcome = _check(yard)
    assert not outcome.done
    assert any(told in failure.message for failure in outcome.failures), outcome.failures


def test_a_backup_without_a_manifest_is_red_and_says_what_to_do(
    yard: Yard, shop: Shop, tmp_path: Path
) -> None:
    shop.admin("skip-numbers", "1000")
    _backed_up(tmp_path, shop, manifest=None)
    outcome = _check(yard)
    assert any("take backups by playbooks/backup.yml" in it.message for it in outcome.failures)
