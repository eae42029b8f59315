"""Every playbook of the shop on one host that plays all parts: twice the same, spoilt, mended."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.integration.playbooks.lab import Host, eventually
from tests.integration.playbooks.player import STRATEGY, Played
from tests.integration.playbooks.plays import SERVICES, STORES, TOGETHER, Site, made_of

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
ROUNDS = (
    ("base: epoch", "base", "postgres", "cache", "orders", "edge"),
    ("postgres: pgbackrest",),
)
"""No two files of one service: what one leaves to be taken up would do for the other. And of one
playbook the last first: it dies before it comes to the rest.
"""


def _play(site: Site, *playbooks: str, strategy: str = STRATEGY) -> Played:
    return made_of(site, playbooks).play(*playbooks, strategy=strategy)


def _host(site: Site) -> Host:
    return site.groups["db"][0]


def _ask(site: Site, path: str) -> str:
    url = f"https://shop.example{path}"
    resolve = "--resolve shop.example:443:127.0.0.1"
    return _host(site).shell(f"curl -s -w ' %{{http_code}}' {resolve} {url}")


def _playbook(what: str) -> str:
    return what.partition(":")[0]


def test_linear_with_pipelining_does_the_same(shop: Site) -> None:
    assert _play(shop, "base", strategy="linear").changed == ()


@pytest.mark.parametrize("what", ["files: restic", "cache"])
def test_one_spoilt_file_is_one_change(shop: Site, what: str) -> None:
    """The next test shows it of the other roles, too."""
    path = SPOILT[what]
    before = _host(shop).run("cat", path)
    _host(shop).shell(f"echo '# spoilt' >> {path}")
    mended = _play(shop, _playbook(what))
    assert mended.ok, mended.said
    assert mended.written == (path,)
    assert _host(shop).run("cat", path) == before


def _die_after_writing(shop: Site, what: str) -> None:
    """Spoil a file, and let the play that mends it die before the restart."""
    host, path = _host(shop), SPOILT[what]
    right = host.run("cat", path)
    host.shell(f"echo '# spoilt' >> {path}; mv /usr/bin/systemctl /usr/bin/systemctl.away")
    died = _play(shop, _playbook(what))
    host.run("mv", "/usr/bin/systemctl.away", "/usr/bin/systemctl")
    assert not died.ok
    assert died.written == (path,)
    assert host.run("cat", path) == right


def _changed(shop: Site, what: str) -> int:
    """When its service was begun or took something up, in its host's microseconds."""
    shown = "systemctl show --value --property=StateChangeTimestampMonotonic"
    return int(_host(shop).shell(f"{shown} {RUNNING[what]}"))


@pytest.mark.parametrize("spoilt", ROUNDS, ids=", ".join)
def test_what_a_try_wrote_that_died_before_the_restart_is_taken_up_by_the_next(
    shop: Site, spoilt: tuple[str, ...]
) -> None:
    for what in spoilt:
        _die_after_writing(shop, what)
    before = {what: _changed(shop, what) for what in spoilt}

    playbooks = dict.fromkeys(_playbook(what) for what in spoilt)
    stores = [(name,) for name in playbooks if name in STORES]
    others = tuple(name for name in playbooks if name not in STORES)
    for together in filter(None, (*stores, others)):
        again = _play(shop, *together)
        assert again.ok, again.said
        # What runs with the files is restarted, too; nothing else is written.
        assert again.written == ()
    assert [what for what in spoilt if _changed(shop, what) <= before[what]] == []


@pytest.mark.parametrize("playbooks", TOGETHER, ids=", ".join)
def test_a_second_run_changes_nothing(shop: Site, playbooks: tuple[str, ...]) -> None:
    """Also after all that was spoilt, and died in the mending."""
    again = _play(shop, *playbooks)
    assert again.ok, again.said
    assert again.changed == ()


def test_restarts_while_something_was_away_are_forgotten_by_the_next_play(shop: Site) -> None:
    """The checks take a service that was restarted for one that does not run well."""
    restarts = "systemctl show -p NRestarts --value shop-orders; systemctl is-active shop-orders"
    _host(shop).shell("systemctl kill --kill-who=main shop-orders")
    eventually(
        lambda: _host(shop).shell(f"{restarts} || true").split() == ["1", "active"], within=30
    )
    again = _play(shop, "orders")
    assert again.ok, again.said
    assert again.changed == ()
    assert _host(shop).shell(restarts).split() == ["0", "active"]


def test_all_services_are_well_while_the_site_is_closed(shop: Site) -> None:
    for service in SERVICES:
        assert _ask(shop, f"/health/{service}").endswith(" 200")
    assert _ask(shop, "/api/products") == '{"error":"closed"} 503'


def test_the_site_opens_only_with_its_own_epoch(shop: Site) -> None:
    refused = replace(shop, epoch=7).play("open")
    assert not refused.ok
    assert "not opened with epoch 7" in refused.said
    assert shop.play("open").ok
    assert shop.play("open").changed == ()
    assert _ask(shop, "/api/products").endswith(" 200")


def test_no_secret_is_in_the_arguments_of_a_process(shop: Site) -> None:
    shown = _host(shop).run("ps", "-eo", "args")
    assert "gunicorn" in shown
    for secret in ("cipher-secret", "restic-secret", "session-secret", "card-secret", "p/w:@%1"):
        assert secret not in shown


def test_a_closed_site_is_closed_once(shop: Site) -> None:
    """Last: what was opened stays closed."""
    closed = shop.play("close")
    assert closed.ok, closed.said
    assert len(closed.changed) == 1
    assert shop.play("close").changed == ()
    assert _ask(shop, "/api/products") == '{"error":"closed"} 503'
