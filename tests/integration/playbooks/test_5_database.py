"""Law 13 in small: a copy never writes where production writes, and nothing archived is lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.integration.playbooks.lab import Host, Lab, eventually
from tests.integration.playbooks.plays import Site

MARK = "/var/lib/drkit/mark.json"


@pytest.fixture(scope="module")
def promising(production: Site) -> Site:
    """The serving site: 100 promises, in a backup outside."""
    _host(production).sql("DROP TABLE IF EXISTS promises")
    _host(production).sql("CREATE TABLE promises AS SELECT generate_series(1, 100) AS n")
    backup = replace(production, settings={"backup_type": "diff"}).play("backup")
    assert backup.ok, backup.said
    assert backup.facts["manifest"]["tables"]["products"]["rows"] > 0
    return production


def _host(site: Site) -> Host:
    return site.groups["db"][0]


def _last_backup(site: Site) -> float:
    """When the newest backup outside was complete (seconds since 1970)."""
    return float(site.backups()[-1]["timestamp"]["stop"])


def _moment(told: object) -> float:
    return datetime.fromisoformat(str(told)).timestamp()


def _promise(site: Site, first: int, last: int) -> None:
    """Promises that are archived outside when this returns."""
    host = _host(site)
    host.sql(f"INSERT INTO promises SELECT generate_series({first}, {last})")
    segment = host.sql("SELECT pg_walfile_name(pg_current_wal_lsn())")
    host.sql("SELECT pg_switch_wal()")
    archived = "SELECT last_archived_wal >= '{}' FROM pg_stat_archiver"
    eventually(lambda: host.sql(archived.format(segment)) == "t", within=60)


def _timelines(lab: Lab) -> set[str]:
    """The timelines of which the repository outside holds anything."""
    listed = lab.s3.list_objects_v2(Bucket="backup", Prefix="pgbackrest/archive/shop/15-1/")
    names = [entry["Key"].rsplit("/", 1)[1] for entry in listed.get("Contents", [])]
    return {name[:8] for name in names if name[0] == "0"}


def test_a_host_that_was_off_comes_back_with_its_database(production: Site) -> None:
    host = _host(production)
    host.lose()
    host.find_again()
    assert host.sql("SELECT 1") == "1"


def test_a_held_copy_leaves_no_trace_outside(lab: Lab, promising: Site, copy: Site) -> None:
    restored = copy.with_store("orders-db", "restore").play("postgres")
    assert restored.ok, restored.said
    # nothing was written since the backup: that was complete then is known all the same
    assert abs(_moment(restored.facts["recovered_to"]) - _last_backup(promising)) < 60
    clone = _host(copy)
    assert clone.sql("SELECT count(*) FROM promises") == "100"
    assert clone.sql("SHOW archive_mode") == "on"
    clone.sql("INSERT INTO promises VALUES (-1)")
    clone.sql("SELECT pg_switch_wal()")
    eventually(lambda: clone.sql("SELECT failed_count > 0 FROM pg_stat_archiver"), within=30)
    assert _timelines(lab) == {"00000001"}


def test_nothing_archived_is_lost_though_a_copy_ran_before(
    lab: Lab, promising: Site, copy: Site
) -> None:
    _promise(promising, 101, 200)
    before_mistake = datetime.now(UTC)
    eventually(lambda: datetime.now(UTC).timestamp() > before_mistake.timestamp() + 1, within=5)
    _host(promising).sql("ALTER TABLE promises RENAME TO mistaken")
    _host(promising).sql("ALTER TABLE mistaken RENAME TO promises; DROP TABLE customers CASCADE")
    _promise(promising, 201, 300)
    _host(promising).lose()

    rebuild = replace(copy, run="r3").with_store("orders-db", "restore")
    restored = rebuild.play("postgres")
    # The catalogue's tool finds no customers any more: the mistake was restored, too.
    assert _host(copy).sql("SELECT count(*), max(n), min(n) FROM promises") == "300|300|1"
    assert _host(copy).json(MARK)["run"] == "r3"

    then = before_mistake.isoformat().replace("+00:00", "Z")
    undone = replace(copy, run="r4").with_store("orders-db", "restore", to=then).play("postgres")
    assert undone.ok, undone.said
    assert undone.facts["from_timeline"] == 1
    assert _host(copy).sql("SELECT count(*), max(n) FROM promises") == "200|200"
    assert _host(copy).sql("SELECT to_regclass('customers') IS NOT NULL") == "t"
    assert restored.changed

    again = replace(copy, run="r5").with_store("orders-db", "restore", to=then).play("postgres")
    assert again.ok, again.said
    assert again.changed == ()


def test_archiving_is_released_to_both_repositories_before_the_opening(
    lab: Lab, copy: Site
) -> None:
    lab.epoch(2, "site-b")
    # The first try dies between the writing and the reload, and whatever it noted is gone.
    clone = _host(copy)
    clone.run("mv", "/usr/bin/systemctl", "/usr/bin/systemctl.away")
    died = copy.play("release-archiving")
    clone.run("mv", "/usr/bin/systemctl.away", "/usr/bin/systemctl")
    clone.run("rm", "-rf", "/run/drkit-pending")
    assert not died.ok
    assert clone.sql("SHOW archive_command") == "/bin/false"

    released = copy.play("release-archiving")
    assert released.ok, released.said
    assert str(released.facts["archived"]).startswith("00000002")
    assert _timelines(lab) == {"00000001", "00000002"}
    assert copy.play("release-archiving").changed == (), "and a second run changes nothing"


def test_a_restore_refuses_a_host_that_was_opened(lab: Lab, copy: Site) -> None:
    assert copy.play("open").ok
    assert _host(copy).json(MARK)["epoch"] == 2
    refused = replace(copy, run="r9").with_store("orders-db", "restore").play("postgres")
    assert not refused.ok
    assert "was opened to customers at" in refused.said
    # A closed host was open once: closing it takes nothing of that back.
    assert copy.play("close").ok
    assert not replace(copy, run="r9").with_store("orders-db", "restore").play("postgres").ok
    assert _host(copy).sql("SELECT count(*) FROM promises") == "200"


def test_a_drill_never_archives_and_another_c_library_is_refused(
    promising: Site, third: Site
) -> None:
    host = _host(third)
    drill = replace(third, run="d1", kind="validate", purposes=("restore", "epoch"))
    assert drill.play("base").ok
    played = drill.with_store("orders-db", "restore").play("postgres")
    assert played.ok, played.said
    assert host.sql("SHOW archive_mode") == "off"
    # The same program, told of another C library than the one it runs on.
    words = "--store=orders-db --stanza=shop --version=15 --cluster=main"
    host.shell(
        "sed 's/^def libc.*/&\\n    return \"glibc-9.99\"/' /usr/local/lib/drkit_postgres.py"
        f" > /opt/program; ! python3 /opt/program restore {words}"
    )
    told = host.json("/var/lib/drkit/stores/orders-db.result.json")
    assert "C library glibc-2.36, this host has glibc-9.99" in str(told["error"])
