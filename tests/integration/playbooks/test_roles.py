"""Every playbook of the shop on one host that plays all parts: twice the same, spoilt, mended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.integration.playbooks.lab import Host, Lab
from tests.integration.playbooks.player import Played
from tests.integration.playbooks.plays import Site

SERVICES = ("storefront", "orders", "payment", "shipping", "support")
STORES = {"postgres": "orders-db", "files": "images"}
PLAYBOOKS = ("base", "postgres", "files", "cache", *SERVICES, "edge")
RUNNING = {
    "base": "ssh",
    "base: epoch": "drkit-epoch",
    "postgres": "postgresql@15-main",
    "postgres: pgbackrest": "postgresql@15-main",
    "cache": "redis-server",
    "orders": "shop-orders",
    "edge": "nginx",
}
"""What runs with the file that is spoilt."""
SPOILT = {
    "base": "/etc/ssh/sshd_config.d/10-shop.conf",
    "base: epoch": "/etc/drkit/site.json",
    "postgres": "/etc/postgresql/15/main/pg_hba.conf",
    "postgres: pgbackrest": "/etc/pgbackrest.conf",
    "files: restic": "/etc/drkit/restic-images.env",
    "cache": "/etc/redis/redis.conf",
    "orders": "/opt/shop/shop/orders.py",
    "edge": "/etc/nginx/nginx.conf",
}


@pytest.fixture(scope="module")
def site(lab: Lab) -> Iterator[Site]:
    host = lab.host("all-in-one")
    groups = ("db", "app", "back", "cache", "edge")
    site = Site(lab=lab, groups={group: [host] for group in groups}, name="site-a", bucket="own-c")
    for playbook in PLAYBOOKS:
        played = _play(site, playbook)
        assert played.ok, f"{playbook}: {played.said}"
    yield site
    lab.empty("backup")


def _play(site: Site, playbook: str, strategy: str = "mitogen_linear") -> Played:
    if playbook in STORES:
        site = site.with_store(STORES[playbook], "create")
    return site.play(playbook, strategy=strategy)


def _host(site: Site) -> Host:
    return site.groups["db"][0]


def _ask(site: Site, path: str) -> str:
    url = f"https://shop.example{path}"
    resolve = "--resolve shop.example:443:127.0.0.1"
    return _host(site).shell(f"curl -s -w ' %{{http_code}}' {resolve} {url}")


def test_linear_with_pipelining_does_the_same(site: Site) -> None:
    assert _play(site, "base", strategy="linear").changed == ()


@pytest.mark.parametrize("what", ["files: restic", "cache"])
def test_one_spoilt_file_is_one_change(site: Site, what: str) -> None:
    """The next test shows it of the other roles, too."""
    path = SPOILT[what]
    before = _host(site).run("cat", path)
    _host(site).shell(f"echo '# spoilt' >> {path}")
    mended = _play(site, what.partition(":")[0])
    assert mended.ok, mended.said
    assert mended.written == (path,)
    assert _host(site).run("cat", path) == before


@pytest.mark.parametrize("what", RUNNING)
def test_what_a_try_wrote_that_died_before_the_restart_is_taken_up_by_the_next(
    site: Site, what: str
) -> None:
    host, path, playbook = _host(site), SPOILT[what], what.partition(":")[0]
    right = host.run("cat", path)
    host.shell(f"echo '# spoilt' >> {path}; mv /usr/bin/systemctl /usr/bin/systemctl.away")
    died = _play(site, playbook)
    host.run("mv", "/usr/bin/systemctl.away", "/usr/bin/systemctl")
    assert not died.ok
    assert died.written == (path,)
    assert host.run("cat", path) == right

    changed = f"systemctl show --value --property=StateChangeTimestampMonotonic {RUNNING[what]}"
    before = host.shell(changed)
    again = _play(site, playbook)
    assert again.ok, again.said
    # What runs with the file is restarted, too; nothing else is written.
    assert again.written == ()
    assert int(host.shell(changed)) > int(before)


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_a_second_run_changes_nothing(site: Site, playbook: str) -> None:
    """Also after all that was spoilt, and died in the mending."""
    again = _play(site, playbook)
    assert again.ok, again.said
    assert again.changed == ()


def test_all_services_are_well_while_the_site_is_closed(site: Site) -> None:
    for service in SERVICES:
        assert _ask(site, f"/health/{service}").endswith(" 200")
    assert _ask(site, "/api/products") == '{"error":"closed"} 503'


def test_the_site_opens_only_with_its_own_epoch(site: Site, lab: Lab) -> None:
    refused = replace(site, epoch=7).play("open")
    assert not refused.ok
    assert "not opened with epoch 7" in refused.said
    lab.epoch(7, "site-a")
    assert replace(site, epoch=7).play("open").ok
    assert replace(site, epoch=7).play("open").changed == ()
    assert _ask(site, "/api/products").endswith(" 200")


def test_no_secret_is_in_the_arguments_of_a_process(site: Site) -> None:
    shown = _host(site).run("ps", "-eo", "args")
    assert "gunicorn" in shown
    for secret in ("cipher-secret", "restic-secret", "session-secret", "card-secret", "p/w:@%1"):
        assert secret not in shown


def test_a_closed_site_is_closed_once(site: Site) -> None:
    """Last: what was opened stays closed."""
    closed = site.play("close")
    assert closed.ok, closed.said
    assert len(closed.changed) == 1
    assert site.play("close").changed == ()
    assert _ask(site, "/api/products") == '{"error":"closed"} 503'
