"""The database server: it takes writes, is set up as meant, and archives only where it may."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from testinfra.host import Host

from drkit.checking.asking import Answers, ask
from drkit.checking.hosts import Hosts
from drkit.checking.site import Site
from drkit.model.step import RunKind

Seen = Mapping[Host, Answers]
pytestmark = pytest.mark.each("db")

_STATE = """
SELECT json_build_object(
    'recovery', pg_is_in_recovery(),
    'read_only', current_setting('default_transaction_read_only'),
    'archive_mode', current_setting('archive_mode'),
    'archive_command', current_setting('archive_command'),
    'fsync', current_setting('fsync'),
    'checksums', current_setting('data_checksums'),
    'wrong_settings', (SELECT count(*) FROM pg_file_settings WHERE error IS NOT NULL),
    'wrong_rules', (SELECT count(*) FROM pg_hba_file_rules WHERE error IS NOT NULL),
    'trusting_rules', (SELECT count(*) FROM pg_hba_file_rules
                       WHERE auth_method IN ('trust', 'password')),
    'invalid_indexes', (SELECT count(*) FROM pg_index WHERE NOT indisvalid),
    'superusers', (SELECT json_agg(rolname) FROM pg_roles WHERE rolsuper))
"""
# Rolled back, and yet it needs a transaction id and a place in the log: a standby refuses it.
_WRITE = "BEGIN; CREATE TABLE drkit_check (n int); INSERT INTO drkit_check VALUES (1); ROLLBACK"


def _psql(statement: str) -> str:
    flat = " ".join(statement.split())
    return f'runuser -u postgres -- psql -XAtq -v ON_ERROR_STOP=1 -d shop -c "{flat}"'


@pytest.fixture(scope="module")
def seen(hosts: Hosts) -> Seen:
    return ask(
        hosts["db"],
        {
            "ready": "runuser -u postgres -- pg_isready",
            "state": _psql(_STATE),
            "write": _psql(_WRITE),
            "folder": "stat -c '%a %U' /var/lib/postgresql/*/main",
            "pgbackrest": "stat -c '%a' /etc/pgbackrest.conf",
            "mark": "cat /var/lib/drkit/mark.json",
        },
    )


def _state(answers: Answers) -> dict[str, object]:
    state: dict[str, object] = answers["state"].json
    return state


def test_it_accepts_connections(host: Host, seen: Seen) -> None:
    assert seen[host]["ready"].ok, seen[host]["ready"].text


def test_it_takes_writes_and_is_not_in_recovery(host: Host, seen: Seen) -> None:
    state = _state(seen[host])
    assert state["recovery"] is False
    assert state["read_only"] == "off"
    assert seen[host]["write"].ok, seen[host]["write"].text


def test_its_configuration_is_valid(host: Host, seen: Seen) -> None:
    state = _state(seen[host])
    assert state["wrong_settings"] == 0
    assert state["wrong_rules"] == 0
    assert state["invalid_indexes"] == 0


def test_nobody_comes_in_on_trust(host: Host, seen: Seen) -> None:
    state = _state(seen[host])
    assert state["trusting_rules"] == 0
    assert state["superusers"] == ["postgres"]


def test_what_it_says_is_stored_is_stored(host: Host, seen: Seen) -> None:
    state = _state(seen[host])
    assert state["fsync"] == "on"
    assert state["checksums"] == "on"


def test_its_files_are_its_own(host: Host, seen: Seen) -> None:
    assert seen[host]["folder"].lines == ("700 postgres",)
    assert seen[host]["pgbackrest"].text in ("600", "640")


def test_a_restored_database_archives_nothing_before_it_is_opened(
    host: Host, seen: Seen, site: Site
) -> None:
    state, mark = _state(seen[host]), seen[host]["mark"].json
    if site.kind not in {RunKind.DEPLOY, RunKind.REBUILD}:
        # a drill's copy: archived segments would become the history of production
        assert state["archive_mode"] == "off"
        return
    assert state["archive_mode"] == "on", "without archive_mode segments are thrown away"
    if site.kind is RunKind.REBUILD and not mark["opened"]:
        assert state["archive_command"] == "/bin/false"
    elif mark["opened"]:
        assert "archive-push" in str(state["archive_command"])
