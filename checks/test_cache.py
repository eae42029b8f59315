"""The cache: sessions and carts; made anew in a rebuild, so it has to work, not to remember."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from testinfra.host import Host

from drkit.checking.asking import Answers, ask
from drkit.checking.hosts import Hosts

Seen = Mapping[Host, Answers]
pytestmark = pytest.mark.each("cache")


@pytest.fixture(scope="module")
def seen(hosts: Hosts) -> Seen:
    return ask(
        hosts["cache"],
        {
            "active": "systemctl is-active redis-server",
            "enabled": "systemctl is-enabled redis-server",
            # From its own side a protected cache may ask for a password: that is an answer, too.
            "ping": "redis-cli -h 127.0.0.1 ping",
            "listening": "ss -Hltn 'sport = :6379'",
            "info": "redis-cli -h 127.0.0.1 info | tr -d '\\r' | grep -E '^(role|loading):'",
        },
    )


def test_it_runs_and_starts_at_boot(host: Host, seen: Seen) -> None:
    assert seen[host]["active"].text == "active"
    assert seen[host]["enabled"].text == "enabled"


def test_it_answers_and_can_be_written_to(host: Host, seen: Seen) -> None:
    told = seen[host]
    assert told["ping"].text == "PONG"
    info = dict(line.split(":", 1) for line in told["info"].lines)
    assert info["role"] == "master"
    assert info["loading"] == "0"


def test_the_shop_s_hosts_can_reach_it(host: Host, seen: Seen) -> None:
    addresses = [line.split()[3] for line in seen[host]["listening"].lines]
    assert [address for address in addresses if not address.startswith(("127.", "[::1]"))]
