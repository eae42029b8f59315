"""Every host: who it is, who may come in, what it has left, and that its watcher answers."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping

import pytest
from testinfra.host import Host

from drkit.checking.asking import Answers, ask
from drkit.checking.hosts import Hosts, name
from drkit.checking.site import Site

Seen = Mapping[Host, Answers]
pytestmark = pytest.mark.each("edge", "db", "cache", "app", "back")


@pytest.fixture(scope="module")
def asked() -> float:
    """When the hosts were asked, by the clock of this machine."""
    return time.time()


@pytest.fixture(scope="module")
def seen(hosts: Hosts, asked: float) -> Seen:
    del asked  # only to be sure that it was noted before
    return ask(
        hosts.all,
        {
            "hostname": "hostname",
            "clock": "date +%s.%N",
            "full": "df --output=pcent,target / /var /tmp | sed 1d",
            "inodes": "df --output=ipcent,target / /var | sed 1d",
            "memory": "awk '/MemAvailable/ {print $2}' /proc/meminfo",
            "failed": "systemctl list-units --state=failed --plain --no-legend --no-pager",
            "sshd": "sshd -T | grep -E '^(permitrootlogin|passwordauthentication) '",
            "private": "stat -c '%a %U %n' /etc/drkit/epoch.credentials /etc/ssh/ssh_host_*_key",
            "writable": "find /etc -xdev -type f -perm -o=w | head -5",
            "site": "cat /etc/drkit/site.json",
            "watcher": "systemctl is-active drkit-epoch",
            "stand": "curl -sS -m 5 -o - -w '\\n%{http_code}' "
            "--unix-socket /run/drkit/epoch.sock http://localhost/may-write",
        },
    )


def test_it_is_the_host_of_the_inventory(host: Host, seen: Seen) -> None:
    assert seen[host]["hostname"].text == name(host)


def test_its_clock_is_right(host: Host, seen: Seen, asked: float) -> None:
    # Signatures of AWS requests tolerate minutes. What lies between the asking and now is the time
    # that asking took, which on a busy machine is seconds.
    assert asked - 5 < float(seen[host]["clock"].text) < time.time() + 5


def test_there_is_room_on_its_disks_and_in_its_memory(host: Host, seen: Seen) -> None:
    told = seen[host]
    for line in (*told["full"].lines, *told["inodes"].lines):
        used, folder = line.split()
        assert used == "-" or int(used.rstrip("%")) < 90, folder
    assert int(told["memory"].text) > 64 * 1024


def test_no_unit_has_failed(host: Host, seen: Seen) -> None:
    assert seen[host]["failed"].lines == ()


def test_only_keys_open_it_and_never_for_root(host: Host, seen: Seen) -> None:
    settings = dict(line.split(maxsplit=1) for line in seen[host]["sshd"].lines)
    assert settings == {"permitrootlogin": "no", "passwordauthentication": "no"}


def test_its_secrets_are_readable_by_their_owner_only(host: Host, seen: Seen) -> None:
    told = seen[host]
    assert told["private"].ok, told["private"].text
    assert {line.split()[0] for line in told["private"].lines} == {"600"}
    assert told["writable"].lines == ()


def test_it_knows_which_site_it_is_of(host: Host, seen: Seen, site: Site) -> None:
    known = seen[host]["site"].json
    assert known["site"] == site.target.region
    assert known["generation"] == site.target.generation


def test_its_watcher_answers_and_it_is_not_fenced(host: Host, seen: Seen) -> None:
    told = seen[host]
    assert told["watcher"].text == "active"
    body, _, status = told["stand"].text.rpartition("\n")
    assert status == "204" or json.loads(body)["state"] == "closed", body
