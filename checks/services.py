"""What is asked of each of the shop's services, so that a suite says only what is its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import pytest
from testinfra.host import Host

from drkit.checking.asking import Answers, ask
from drkit.checking.hosts import Hosts
from drkit.checking.site import Site

Seen = Mapping[Host, Answers]


class ServiceSuite:
    """Inherit, mark with the groups of hosts, and name the service; ``questions`` may add more.

    All that the tests need is asked in one command per host.
    """

    service: ClassVar[str]
    port: ClassVar[int]
    questions: ClassVar[Mapping[str, str]] = {}

    @pytest.fixture(scope="class")
    def seen(self, request: pytest.FixtureRequest, hosts: Hosts, site: Site) -> Seen:
        """Host → what it says about the service."""
        mark = request.node.get_closest_marker("each")
        unit = f"shop-{self.service}"
        return ask(
            [host for group in mark.args for host in hosts[group]],
            {
                "active": f"systemctl is-active {unit}",
                "enabled": f"systemctl is-enabled {unit}",
                "restarts": f"systemctl show -p NRestarts --value {unit}",
                "user": f"systemctl show -p User --value {unit}",
                "mode": "stat -c '%a' /etc/shop/shop.env",
                "of": "sed -n 's/^SHOP_SITE=//p' /etc/shop/shop.env | tr -d '\"'",
                "elsewhere": f"grep -cE '{'|'.join(_other_regions(site))}' /etc/shop/shop.env",
                "listening": f"ss -Hltn 'sport = :{self.port}'",
                "health": _patient(f"http://127.0.0.1:{self.port}/health/{self.service}"),
                **self.questions,
            },
        )

    def test_it_runs_starts_at_boot_and_stays_up(self, host: Host, seen: Seen) -> None:
        told = seen[host]
        assert told["active"].text == "active"
        assert told["enabled"].text == "enabled"
        assert told["restarts"].text == "0"

    def test_it_does_not_run_as_root(self, host: Host, seen: Seen) -> None:
        assert seen[host]["user"].text not in ("", "root")

    def test_it_listens_on_its_port(self, host: Host, seen: Seen) -> None:
        assert seen[host]["listening"].lines

    def test_it_answers_for_this_site_with_all_that_it_needs(
        self, host: Host, seen: Seen, site: Site
    ) -> None:
        page = seen[host]["health"].json
        assert page["state"] in ("open", "closed"), page
        assert page["service"] == self.service
        assert page["site"] == site.target.name

    def test_its_settings_are_private_and_name_no_other_region(
        self, host: Host, seen: Seen, site: Site
    ) -> None:
        told = seen[host]
        assert told["mode"].text in ("600", "640")
        assert told["of"].text == site.target.name
        assert told["elsewhere"].text == "0"


def _patient(url: str) -> str:
    """A question that gives a service three times 5 s to answer (28: it took longer). The first
    one is slow where many services begin at once on a busy host, and a single late answer must not
    end a rebuild.
    """
    ask = f"said=$(curl -sS -m 5 {url} 2>&1); code=$?"
    return f'for try in 1 2 3; do {ask}; [ $code = 28 ] || break; done; echo "$said"; exit $code'


def _other_regions(site: Site) -> tuple[str, ...]:
    regions = site.plan["sites"]
    assert isinstance(regions, Mapping)
    return tuple(region for region in regions if region != site.target.region)
