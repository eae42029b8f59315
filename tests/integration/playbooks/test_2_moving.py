"""A site that is closed for a planned move: what it took is elsewhere, and it can be given back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.integration.playbooks.lab import Host, Lab, eventually
from tests.integration.playbooks.plays import Site, database_site

DATABASE = "postgresql@15-main"
IMAGE = "/srv/shop/images/late.txt"


@pytest.fixture(scope="module")
def site(lab: Lab, shop: Site) -> Iterator[Site]:
    """The site that serves, on one host that plays all parts; a fence ends it, and these tests."""
    opened = shop.play("worker", "open")
    assert opened.ok, opened.said
    backed_up = shop.play("backup")
    assert backed_up.ok, backed_up.said
    yield shop
    lab.end(host_of(shop).name, "moving-b")


def host_of(site: Site) -> Host:
    return site.groups["db"][0]


def answer(site: Site) -> str:
    """Status and headers of what a customer gets."""
    resolve = "--resolve shop.example:443:127.0.0.1"
    url = "https://shop.example/api/products"
    return host_of(site).shell(f"curl -s -o /dev/null -D - {resolve} {url}")


def active(site: Site, unit: str) -> str:
    return host_of(site).shell(f"systemctl is-active {unit} || true").strip()


def test_a_shop_that_cannot_be_caught_up_is_not_closed(site: Site) -> None:
    host = host_of(site)
    host.shell("cp /etc/pgbackrest.conf /tmp/; sed -i 's/^repo2-s3-bucket=.*/repo2-s3-bucket=gone/'"
               " /etc/pgbackrest.conf")  # fmt: skip
    refused = site.play("quiesce")
    host.shell("cat /tmp/pgbackrest.conf > /etc/pgbackrest.conf")
    assert not refused.ok
    assert " 200" in answer(site).splitlines()[0]


def test_what_a_closed_site_took_to_the_very_end_is_elsewhere(site: Site, lab: Lab) -> None:
    host = host_of(site)
    host.sql("CREATE TABLE promises AS SELECT 1 AS n")
    host.shell(f"echo late > {IMAGE}")
    closed = site.play("quiesce")
    assert closed.ok, closed.said
    assert closed.facts["closed"] == host.json("/var/lib/drkit/mark.json")["closed"]

    told = answer(site)
    assert " 503" in told.splitlines()[0]
    assert "retry-after: 120" in told.lower()
    assert {active(site, unit) for unit in (DATABASE, "shop-orders", "shop-worker")} == {"inactive"}

    copy = database_site(
        lab, "moving-b", name="site-b", bucket="own-b", run="r2", kind="rebuild", epoch=2
    )
    restored = copy.with_store("orders-db", "restore").play("postgres")
    assert restored.ok, restored.said
    assert host_of(copy).sql("SELECT count(*) FROM promises") == "1"
    files = replace(copy, groups={**copy.groups, "app": copy.groups["db"]})
    brought = files.with_store("images", "restore").play("files")
    assert brought.ok, brought.said
    assert host_of(copy).run("cat", IMAGE) == "late\n"


def test_a_site_that_is_closed_is_closed_once(site: Site) -> None:
    again = site.play("quiesce")
    assert again.ok, again.said
    assert again.changed == ()


def test_a_segment_that_is_in_no_repository_is_no_end(site: Site) -> None:
    """Takes away what the last look is for: a segment that was left behind must be seen."""
    host, status = host_of(site), "/var/lib/postgresql/15/main/pg_wal/archive_status"
    host.shell(f"touch {status}/0000000100000000000000FF.ready")
    refused = site.play("quiesce")
    host.shell(f"rm {status}/0000000100000000000000FF.ready")
    assert not refused.ok
    assert "1 segments of the log were not archived (0000000100000000000000FF.ready)" in (
        refused.said
    )


def test_only_a_site_that_customers_were_in_is_given_back(site: Site) -> None:
    host, mark = host_of(site), "/var/lib/drkit/mark.json"
    host.shell(f'cp {mark} /tmp/mark; sed -i \'s/"opened": .*/"opened": null,/\' {mark}')
    refused = site.play("reopen")
    host.shell(f"cp /tmp/mark {mark}")
    assert "was never opened to customers" in refused.said
    assert active(site, DATABASE) == "inactive", "and nothing of it was started"


def test_a_site_that_is_given_back_serves_with_all_that_it_had(site: Site) -> None:
    opened = site.play("reopen")
    assert opened.ok, opened.said
    eventually(lambda: " 200" in answer(site).splitlines()[0], within=30)
    assert "retry-after" not in answer(site).lower()
    assert host_of(site).sql("SELECT count(*) FROM promises") == "1"
    assert {active(site, unit) for unit in (DATABASE, "shop-orders", "shop-worker")} == {"active"}
    assert site.play("reopen").changed == ()


def test_a_database_that_crashed_is_not_called_caught_up_and_nothing_is_closed(site: Site) -> None:
    """What it took last is in no repository, and no segment says so."""
    host, unit = host_of(site), f"/run/systemd/system/{DATABASE}.service.d"
    stays_down = f"mkdir -p {unit}; printf '[Service]\\nRestart=no\\n' > {unit}/crash.conf"
    crash = "kill -9 $(head -1 /var/lib/postgresql/15/main/postmaster.pid)"
    host.shell(f"{stays_down}; systemctl daemon-reload; {crash}")
    eventually(lambda: active(site, DATABASE) == "failed", within=30)
    refused = site.play("quiesce")
    host.shell(f"rm -r {unit}; systemctl daemon-reload; systemctl reset-failed {DATABASE};"
               f" systemctl start {DATABASE}")  # fmt: skip
    assert not refused.ok
    assert "was not shut down but ended in mid-work" in refused.said
    assert active(site, "shop-orders") == "active", "and the door stayed open"
    assert "retry-after" not in answer(site).lower()


def test_a_site_whose_customers_were_sent_elsewhere_is_not_given_back(site: Site, lab: Lab) -> None:
    """Last: a fence is for good."""
    assert site.play("quiesce").ok
    lab.epoch(2, "site-b")
    eventually(lambda: "fenced" in _state(site), within=30)
    refused = site.play("reopen")
    assert not refused.ok
    assert "fenced epoch 2 names site-b" in refused.said
    assert active(site, DATABASE) == "inactive"


def _state(site: Site) -> str:
    socket = "--unix-socket /run/drkit/epoch.sock http://localhost/state"
    return host_of(site).shell(f"curl -s {socket}")
