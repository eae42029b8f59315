"""Which backup a restore begins from, and that it is this one whose versions are compared."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.unit.recovery.loading import load

POSTGRES = load("roles/pgbackrest/files/drkit_postgres.py")
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
CLUSTER = POSTGRES.Cluster("15", "main", "shop")


def backup(label: str, minutes: int, *, libc: str | None = None, database: int = 1) -> Any:
    stop = int((NOON + timedelta(minutes=minutes)).timestamp())
    told = {"label": label, "timestamp": {"stop": stop}, "database": {"id": database}}
    return told | ({"annotation": {"libc": libc}} if libc else {})


INFO = {
    "backup": [backup("old", 0), backup("newer", 60), backup("newest", 120)],
    "db": [{"id": 1, "version": "15"}, {"id": 2, "version": "16"}],
}


@pytest.mark.parametrize(
    ("after", "chosen"),
    [(None, "newest"), (121, "newest"), (120, "newer"), (61, "newer"), (1, "old")],
)
def test_the_last_backup_that_was_complete_before_the_moment(
    after: int | None, chosen: str
) -> None:
    moment = None if after is None else NOON + timedelta(minutes=after)
    assert POSTGRES.backup_for(INFO, moment)["label"] == chosen


def test_a_backup_of_the_very_second_may_have_ended_after_the_moment() -> None:
    moment = NOON + timedelta(minutes=60, milliseconds=700)
    assert POSTGRES.backup_for(INFO, moment)["label"] == "old"


def test_a_moment_before_every_backup_is_refused_with_the_oldest() -> None:
    with pytest.raises(POSTGRES.Refused, match="the oldest is of 2026-11-23 12:00"):
        POSTGRES.backup_for(INFO, NOON)


def test_another_major_version_of_postgresql_is_refused() -> None:
    with pytest.raises(POSTGRES.Refused, match="is of PostgreSQL 16, this host has 15"):
        POSTGRES.compare_versions(CLUSTER, backup("next", 0, database=2), INFO)
    POSTGRES.compare_versions(CLUSTER, backup("same", 0), INFO)


def test_another_c_library_is_refused() -> None:
    with pytest.raises(POSTGRES.Refused, match=r"C library glibc-9\.99"):
        POSTGRES.compare_versions(CLUSTER, backup("other", 0, libc="glibc-9.99"), INFO)
