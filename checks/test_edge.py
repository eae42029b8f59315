"""The edge: the only door, shut to all without the run's certificate until it is opened."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from testinfra.host import Host

from drkit.checking.asking import Answers, ask
from drkit.checking.hosts import Hosts
from drkit.checking.site import Site

Seen = Mapping[Host, Answers]
pytestmark = pytest.mark.each("edge")
_WEEK = 7 * 24 * 3600


@pytest.fixture(scope="module")
def seen(hosts: Hosts, site: Site) -> Seen:
    public = site.public_name
    knock = f"openssl s_client -connect 127.0.0.1:443 -servername {public} </dev/null"
    curl = f"curl -sS -m 5 -w '\\n%{{http_code}}' --resolve {public}:443:127.0.0.1"
    return ask(
        hosts["edge"],
        {
            "active": "systemctl is-active nginx",
            "enabled": "systemctl is-enabled nginx",
            "configuration": "nginx -t",
            "certificate": f"{knock} -verify_hostname {public} -verify_return_error",
            "expiry": f"{knock} | openssl x509 -noout -checkend {_WEEK}",
            "old_tls": f"{knock} -tls1_1 -cipher 'DEFAULT@SECLEVEL=0'",
            "keys": "find /etc/nginx /etc/ssl -name '*.key' -perm /077 -not -group ssl-cert",
            "mark": "cat /var/lib/drkit/mark.json",
            "stranger": f"{curl} https://{public}/",
            "pretender": f"{curl} -H 'X-Drkit-Proof: {site.run}' https://{public}/",
            "plain": f"{curl} --resolve {public}:80:127.0.0.1 http://{public}/ 2>/dev/null",
        },
    )


def _opened(answers: Answers) -> bool:
    mark = answers["mark"].json
    return bool(mark["opened"]) and not mark.get("closed")


def test_it_runs_and_starts_at_boot(host: Host, seen: Seen) -> None:
    assert seen[host]["active"].text == "active"
    assert seen[host]["enabled"].text == "enabled"


def test_its_configuration_is_valid(host: Host, seen: Seen) -> None:
    assert seen[host]["configuration"].ok, seen[host]["configuration"].text


def test_its_certificate_is_the_public_name_s_and_lasts_a_week(host: Host, seen: Seen) -> None:
    told = seen[host]["certificate"]
    assert told.ok, told.text
    assert seen[host]["expiry"].ok, seen[host]["expiry"].text


def test_its_keys_are_readable_by_their_owner_only(host: Host, seen: Seen) -> None:
    assert seen[host]["keys"].lines == ()


def test_it_refuses_tls_of_the_past(host: Host, seen: Seen) -> None:
    assert not seen[host]["old_tls"].ok


def test_it_serves_nothing_without_tls(host: Host, seen: Seen) -> None:
    assert seen[host]["plain"].text.splitlines()[-1] in ("000", "301", "308")


@pytest.mark.parametrize("who", ["stranger", "pretender"])
def test_a_closed_site_is_closed_to_whoever_has_no_certificate(
    host: Host, seen: Seen, who: str
) -> None:
    body, _, status = seen[host][who].text.rpartition("\n")
    if _opened(seen[host]):
        assert status == "200"
    else:
        assert (status, body) == ("503", '{"error":"closed"}')
