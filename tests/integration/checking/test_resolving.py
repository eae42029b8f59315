"""The client that finds a name by the DNS server it is given, against real sockets."""

from __future__ import annotations

import json

import httpx
import pytest

from drkit.adapters.resolving import Certificate, client, transport
from tests.fakes.names import Names
from tests.integration.checking.conftest import NAME, Authority, Door


def test_the_name_is_looked_up_at_the_given_server_only(
    authority: Authority, door: Door, names: Names
) -> None:
    names.records[NAME] = ("127.0.0.1", 60)
    with client(transport(f"127.0.0.1:{names.port}", authority.ca)) as http:
        assert http.get(f"https://{NAME}:{door.port}/").status_code == 200
    assert names.asked == [NAME]
    assert door.seen[0]["Host"] == f"{NAME}:{door.port}"


def test_an_answer_is_kept_for_its_time_to_live(
    authority: Authority, door: Door, names: Names
) -> None:
    names.records[NAME] = ("127.0.0.1", 60)
    way = transport(f"127.0.0.1:{names.port}", authority.ca)
    with client(way, headers={"Connection": "close"}) as http:
        for _ in range(3):
            http.get(f"https://{NAME}:{door.port}/")
    assert names.asked == [NAME]


def test_an_answer_without_time_to_live_is_asked_for_again(
    authority: Authority, door: Door, names: Names
) -> None:
    names.records[NAME] = ("127.0.0.1", 0)
    way = transport(f"127.0.0.1:{names.port}", authority.ca)
    with client(way, headers={"Connection": "close"}) as http:
        http.get(f"https://{NAME}:{door.port}/")
        names.records[NAME] = ("127.0.0.9", 0)
        with pytest.raises(httpx.ConnectError, match=r"127\.0\.0\.9"):
            http.get(f"https://{NAME}:{door.port}/")


def test_an_override_asks_no_dns(authority: Authority, door: Door, names: Names) -> None:
    way = transport(f"127.0.0.1:{names.port}", authority.ca, override={NAME: "127.0.0.1"})
    with client(way) as http:
        assert http.get(f"https://{NAME}:{door.port}/").status_code == 200
    assert names.asked == []


def test_a_name_that_does_not_exist_says_who_was_asked(authority: Authority, names: Names) -> None:
    server = f"127.0.0.1:{names.port}"
    told = pytest.raises(httpx.ConnectError, match=f"{NAME} has no address at {server}")
    with client(transport(server, authority.ca)) as http, told:
        http.get(f"https://{NAME}/")


def test_a_certificate_for_another_name_is_refused(authority: Authority, door: Door) -> None:
    way = transport(None, authority.ca, override={"other.example": "127.0.0.1"})
    with client(way) as http, pytest.raises(httpx.ConnectError, match=r"other\.example"):
        http.get(f"https://other.example:{door.port}/")


def test_an_unknown_authority_is_refused(door: Door) -> None:
    told = pytest.raises(httpx.ConnectError, match="certificate verify failed")
    with client(transport(None, None, override={NAME: "127.0.0.1"})) as http, told:
        http.get(f"https://{NAME}:{door.port}/")


def test_the_certificate_of_the_run_is_shown(authority: Authority, door: Door) -> None:
    crt, key = authority.issue("proof")
    for certificate in (None, Certificate(certificate=crt, key=key)):
        way = transport(None, authority.ca, override={NAME: "127.0.0.1"}, certificate=certificate)
        with client(way, address=f"https://{NAME}:{door.port}") as http:
            http.post("/api", json={"a": 1})
    assert [request["certificate"] for request in door.seen] == ["False", "True"]


def test_bodies_and_cookies_go_both_ways(authority: Authority, door: Door) -> None:
    door.handler = lambda method, _path, body, _seen: (201, {"method": method, "body": body})
    way = transport(None, authority.ca, override={NAME: "127.0.0.1"})
    with client(way, address=f"https://{NAME}:{door.port}") as http:
        answer = http.post("/api/cart", json={"product": 7})
    assert answer.status_code == 201
    assert json.loads(answer.text) == {"method": "POST", "body": {"product": 7}}


def test_the_proxy_of_the_environment_is_not_used(
    authority: Authority, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with client(transport(None, authority.ca, override={NAME: "127.0.0.1"})) as http:
        assert http.get(f"https://{NAME}:{door.port}/").status_code == 200
