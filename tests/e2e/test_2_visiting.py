"""The hosts of the site that serves, looked at for whoever has to rebuild it: what somebody has
changed there is found, and looking changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.conftest import OLD, Validated
from tests.e2e.desk import Desk
from tests.e2e.witnesses import host_in, hosts_in, on_host

KEPT = "find /etc /opt /usr/local /var/lib/drkit /var/lib/dpkg -printf '%p %s %m %u %T@\\n' | sort"
"""Every file that somebody configures."""
BEGAN = "systemctl show --property=Id,ActiveEnterTimestamp --value '*.service'"
SPOILT = {
    "edge-1": ("echo '# by hand' >> /etc/nginx/nginx.conf", "sed -i '$d' /etc/nginx/nginx.conf"),
    "app-1": ("echo x > /opt/shop/shop/by_hand.py", "rm /opt/shop/shop/by_hand.py"),
    "db-1": (
        "echo '# by hand' >> /etc/postgresql/15/main/pg_hba.conf",
        "sed -i '$d' /etc/postgresql/15/main/pg_hba.conf",
    ),
    "back-1": ("systemctl stop shop-worker", "systemctl start shop-worker"),
    "cache-1": (
        "cp -p /var/lib/dpkg/status /var/lib/drkit-was;"
        " printf '\\nPackage: by-hand\\nStatus: install ok installed\\nVersion: 1\\n'"
        " >> /var/lib/dpkg/status",
        "mv /var/lib/drkit-was /var/lib/dpkg/status",
    ),
}
"""Host → what somebody does there, and how it is taken back."""
LOOKED = {"hosts", "versions", "third parties"}


@pytest.fixture
def spoilt() -> Iterator[None]:
    hosts = {name: host_in(OLD, name) for name in SPOILT}
    for name, (spoil, _) in SPOILT.items():
        on_host(hosts[name], spoil)
    yield
    for name, (_, mend) in SPOILT.items():
        on_host(hosts[name], mend)


def looked(desk: Desk) -> dict[str, Any]:
    said = desk.drkit("ready", "--hosts", "--output", "json")
    [site] = said.json()["sites"]
    return dict(site)


def findings(site: dict[str, Any]) -> list[dict[str, Any]]:
    return [found for found in site["findings"] if found["about"] in LOOKED]


def test_what_somebody_changed_by_hand_is_found_and_nothing_else_and_nothing_is_touched(
    desk: Desk, validated: Validated, spoilt: None
) -> None:
    def everything() -> list[str]:
        return [on_host(host, f"{KEPT}; {BEGAN}") for host in sorted(hosts_in(OLD))]

    del validated
    before = everything()
    found = {finding["place"]: finding for finding in findings(looked(desk))}
    assert everything() == before
    assert {place: finding["severity"] for place, finding in found.items()} == {
        f"{OLD}.g1 edge-1": "threatens",
        f"{OLD}.g1 app-1": "threatens",
        f"{OLD}.g1 db-1": "threatens",
        f"{OLD}.g1 back-1": "note",
        f"{OLD}.g1 cache": "threatens",
    }
    assert "/etc/nginx/nginx.conf" in found[f"{OLD}.g1 edge-1"]["message"]
    assert "/opt/shop/shop/by_hand.py" in found[f"{OLD}.g1 app-1"]["message"]
    assert "pg_hba.conf" in found[f"{OLD}.g1 db-1"]["message"]
    assert set(found[f"{OLD}.g1 db-1"]["processes"]) >= {"payment", "support"}
    assert "start shop-worker" in found[f"{OLD}.g1 back-1"]["message"]
    assert found[f"{OLD}.g1 back-1"]["processes"] == ["support"]
    assert found[f"{OLD}.g1 cache"]["details"] == ["by-hand 1 (none there)"]
