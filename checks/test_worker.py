"""The worker on the back hosts: it sends what is queued, so a restart loop is a silent outage."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from testinfra.host import Host

from drkit.checking.asking import Answers, ask
from drkit.checking.hosts import Hosts

Seen = Mapping[Host, Answers]
pytestmark = pytest.mark.each("back")


@pytest.fixture(scope="module")
def seen(hosts: Hosts) -> Seen:
    unit = "shop-worker"
    return ask(
        hosts["back"],
        {
            "active": f"systemctl is-active {unit}",
            "enabled": f"systemctl is-enabled {unit}",
            "restarts": f"systemctl show -p NRestarts --value {unit}",
            "stopped": "cat /etc/drkit/workers",
        },
    )


def test_it_runs_and_starts_at_boot(host: Host, seen: Seen) -> None:
    assert seen[host]["active"].text == "active"
    assert seen[host]["enabled"].text == "enabled"
    assert seen[host]["restarts"].text == "0"


def test_a_fence_would_stop_it(host: Host, seen: Seen) -> None:
    assert "shop-worker" in seen[host]["stopped"].text.split()
