"""The latest moment to which a store can be brought back, by what its tool left in the bucket."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from moto.backends import get_backend

from drkit.adapters.cloud import client
from drkit.adapters.recovery_points import newest_points
from drkit.errors import ConfigurationError
from drkit.model.plan import Plan
from drkit.ports import World
from tests.contract.cloud.opened import STORE, Write, backed_up

FULL = datetime(2026, 3, 14, 1, 0, tzinfo=UTC)
"""When the backup of :func:`backed_up` began."""
ARCHIVE = "pgbackrest/archive/orders-db"
SUM = "a" * 40
FILES = {"restore": "restic", "playbook": "pg", "hosts": "app", "needs": ["compute"]}


@pytest.fixture
def plan(shop: Write) -> Plan:
    return shop(stores={**STORE, "images": FILES})


def written(world: World, key: str, at: datetime) -> None:
    client(world, "s3", "eu-north-1").put_object(Bucket="corner-backup", Key=key, Body=b"x")
    backend = get_backend("s3")[world.account]["aws"]
    backend.buckets["corner-backup"].keys[key].last_modified = at.replace(tzinfo=None)


def test_nothing_in_the_bucket_is_no_point(world: World, plan: Plan) -> None:
    assert newest_points(world, plan) == {"orders-db": None, "images": None}


def test_wal_without_a_backup_brings_nothing_back(world: World, plan: Plan) -> None:
    written(world, f"{ARCHIVE}/17-1/0000000100000000/000000010000000000000001-{SUM}.zst", FULL)
    assert newest_points(world, plan)["orders-db"] is None


def test_a_backup_alone_is_a_point(world: World, plan: Plan) -> None:
    backed_up(world)
    written(world, "restic/snapshots/abc", FULL)
    assert newest_points(world, plan) == {"orders-db": FULL, "images": FULL}


def test_the_newest_segment_of_the_newest_timeline_of_the_database_as_it_is_counts(
    world: World, plan: Plan
) -> None:
    """What is of an older one, or is no segment, may well have been written later."""
    backed_up(world)
    hour = timedelta(hours=1)
    for key, hours in (
        (f"17-9/0000000900000000/000000090000000000000001-{SUM}.zst", 9),
        (f"18-10/0000000100000007/000000010000000700000001-{SUM}.zst", 8),
        (f"18-10/0000000200000007/000000020000000700000001-{SUM}.zst", 2),
        (f"18-10/0000000200000007/000000020000000700000002-{SUM}.zst", 3),
        (f"18-10/0000000200000007/000000020000000700000001.00000028-{SUM}.backup", 7),
        ("18-10/00000002.history", 6),
    ):
        written(world, f"{ARCHIVE}/{key}", FULL + hours * hour)
    assert newest_points(world, plan)["orders-db"] == FULL + 3 * hour


def test_a_bucket_that_cannot_be_read_is_no_answer(lost: World, plan: Plan) -> None:
    with pytest.raises(ConfigurationError, match="s3://corner-backup cannot be read"):
        newest_points(lost, plan)
