"""Work on a host that outlives the line to it: collected by whom it is of, and by nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from drkit.sandbox.commands import CommandFailed
from tests.integration.playbooks.lab import Host, eventually
from tests.integration.playbooks.plays import Site

PROGRAM = "/usr/local/lib/drkit_postgres.py"
WORDS = "--store=orders-db --stanza=shop --cluster=main"
SLOW = """#!/bin/sh
case "$*" in *restore) echo >> /tmp/restores; sleep 8;; esac
exec /usr/bin/pgbackrest "$@"
"""
DIFFERENTIAL = {"backup_type": "diff"}
RESULT = "/var/lib/drkit/stores/orders-db.result.json"


def db(site: Site) -> Host:
    return site.groups["db"][0]


def labels(site: Site) -> list[str]:
    """Of the backups outside."""
    return [str(backup["label"]) for backup in site.backups()]


def left_behind(site: Site, kind: str, run: str) -> None:
    """A backup to repository 2 that ended after the line to it was lost."""
    db(site).run(
        *("systemd-run", "--quiet", "--unit=drkit-backup-orders-db-2"),
        f"--description=back up orders-db to repository 2, {kind} (run {run})",
        *("--service-type=oneshot", "--remain-after-exit", "true"),
    )


def test_a_backup_that_another_call_left_is_not_taken_for_this_ones(production: Site) -> None:
    before = labels(production)
    left_behind(production, "diff", "yesterday")
    assert replace(production, run="today", settings=DIFFERENTIAL).play("backup").ok
    assert len(labels(production)) == len(before) + 1


def test_a_differential_backup_does_not_take_a_full_one_for_its_own(production: Site) -> None:
    left_behind(production, "full", "r1")
    differential = replace(production, settings=DIFFERENTIAL).play("backup")
    assert differential.ok, differential.said
    assert labels(production)[-1].endswith("D")


def test_a_backup_that_lost_its_line_is_collected_and_not_taken_again(production: Site) -> None:
    before = labels(production)
    left_behind(production, "diff", "r1")
    again = replace(production, settings=DIFFERENTIAL).play("backup")
    assert again.ok, again.said
    assert labels(production) == before


def test_the_versions_of_the_backup_that_is_restored_count_and_not_the_newest_ones(
    production: Site, copy: Site
) -> None:
    host = db(production)
    host.sql("CREATE TABLE promises AS SELECT 1 AS n")
    sleep_past_the_second()
    then = datetime.now(UTC).isoformat()
    sleep_past_the_second()
    # of a host that was updated since
    host.run(
        *("runuser", "-u", "postgres", "--", "pgbackrest", "--stanza=shop", "--repo=2"),
        *("--type=incr", "--annotation=libc=glibc-9.99", "backup"),
    )
    host.sql("INSERT INTO promises VALUES (2)")
    segment = host.sql("SELECT pg_walfile_name(pg_current_wal_lsn())")
    host.sql("SELECT pg_switch_wal()")
    archived = "SELECT last_archived_wal FROM pg_stat_archiver"
    eventually(lambda: host.sql(archived) >= segment, within=60)

    latest = copy.with_store("orders-db", "restore").play("postgres")
    assert "C library glibc-9.99, this host has glibc-2.36" in latest.said
    earlier = copy.with_store("orders-db", "restore", to=then).play("postgres")
    assert earlier.ok, earlier.said
    assert db(copy).sql("SELECT count(*) FROM promises") == "1"


def test_a_backup_of_another_major_version_is_refused_and_the_data_left_alone(copy: Site) -> None:
    host = db(copy)
    with pytest.raises(CommandFailed):
        host.shell(f"python3 {PROGRAM} restore {WORDS} --version=14")
    assert "is of PostgreSQL 15, this host has 14" in str(host.json(RESULT)["error"])
    assert host.sql("SELECT count(*) FROM promises") == "1"


@pytest.fixture
def slow(copy: Site) -> Iterator[Host]:
    """The copy's host, where a restore takes its time and tells that it was begun."""
    host, program = db(copy), "/usr/local/bin/pgbackrest"
    host.shell(
        f"cat > {program} <<'END'\n{SLOW}END\n"
        f"chmod 755 {program}; touch /tmp/restores; chmod 666 /tmp/restores"
    )
    yield host
    host.run("rm", program)


def test_a_restore_outlives_the_line_to_it_and_is_found_by_its_name(copy: Site, slow: Host) -> None:
    host = slow
    moment = host.json("/var/lib/drkit/stores/orders-db.json")["recovery_point"]
    to = str(moment).removeprefix("time:")
    host.run("rm", "/var/lib/drkit/stores/orders-db.json")  # so that it has to be restored again
    asked = copy.with_store("orders-db", "restore", to=to)

    def under_way() -> bool:
        return host.run("cat", "/tmp/restores") != ""

    cut = asked.play("postgres", cut=under_way)
    assert not cut.ok
    unit = "systemctl show --value --property=ActiveState drkit-restore-orders-db"
    assert host.shell(unit).strip() == "activating", "the work goes on without the line"

    found = asked.play("postgres")
    assert found.ok, found.said
    assert host.run("cat", "/tmp/restores") == "\n", "one restore happened"
    assert host.sql("SELECT count(*) FROM promises") == "1"


def sleep_past_the_second() -> None:
    """pgBackRest notes when a backup ended in whole seconds."""
    until = datetime.now(UTC).timestamp() + 1.1
    eventually(lambda: datetime.now(UTC).timestamp() > until, within=5)
