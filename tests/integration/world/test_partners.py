"""The partners outside every region: keys that keep their outcome, ledgers that keep everything."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from drkit.sandbox.world import NAMES, apps

CAPTURE = {"order": 7, "amount_cents": 1490, "currency": "EUR", "key": "k1", "card": "tok_visa"}


class World:
    def __init__(self, folder: Path, **settings: Any) -> None:
        self._apps = apps(folder, **settings)

    def post(self, name: str, path: str, body: object, **headers: str) -> TestResponse:
        app = self._apps[name]
        assert isinstance(app, Flask)
        return app.test_client().post(path, json=body, headers=headers)

    def ledger(self, name: str, since: str = "") -> list[dict[str, Any]]:
        app = self._apps[name]
        assert isinstance(app, Flask)
        answer = app.test_client().get(f"/ledger?since={since}")
        assert answer.status_code == 200, answer.text
        entries: list[dict[str, Any]] = answer.get_json()["entries"]
        return entries


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_key_is_captured_once_however_many_ask_at_once(world: World) -> None:
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: world.post("card-a", "/captures", CAPTURE), range(64)))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: 63}
    assert len({answer.get_json()["id"] for answer in answers}) == 1
    (entry,) = world.ledger("card-a")
    assert (entry["kind"], entry["order"], entry["amount_cents"]) == ("capture", 7, 1490)
    assert datetime.fromisoformat(entry["at"]).tzinfo is not None
    assert world.ledger("card-b") == [], "two providers, two ledgers"


def test_a_key_that_comes_with_another_sum_is_refused(world: World) -> None:
    world.post("card-a", "/captures", CAPTURE)
    for other in ({"amount_cents": 1}, {"order": 8}, {"currency": "USD"}):
        assert world.post("card-a", "/captures", {**CAPTURE, **other}).status_code == 422
    assert len(world.ledger("card-a")) == 1


def test_of_void_and_capture_the_first_stays(world: World) -> None:
    void = {"key": "k1", "order": 7}
    assert world.post("card-a", "/voids", void).get_json()["state"] == "void"
    assert world.post("card-a", "/captures", CAPTURE).status_code == 409

    captured = world.post("card-a", "/captures", {**CAPTURE, "key": "k2"}).get_json()
    answer = world.post("card-a", "/voids", {"key": "k2", "order": 7}).get_json()
    assert (answer["state"], answer["id"]) == ("captured", captured["id"])


def test_of_many_voids_and_captures_at_once_one_kind_wins(world: World) -> None:
    def ask(turn: int) -> str:
        if turn % 2:
            answer = world.post("card-a", "/voids", {"key": "k1", "order": 7})
        else:
            answer = world.post("card-a", "/captures", CAPTURE)
        return str(answer.get_json()["state"])

    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(ask, range(32)))) == 1
    assert len(world.ledger("card-a")) == 1


def test_a_declined_card_stays_declined_for_its_key(world: World) -> None:
    assert world.post("card-a", "/captures", {**CAPTURE, "card": "tok_declined"}).status_code == 402
    assert world.post("card-a", "/captures", CAPTURE).status_code == 402


@pytest.mark.parametrize("by", [{"key": "k1"}, {"order": 7}])
def test_a_capture_is_refunded_once(world: World, by: dict[str, object]) -> None:
    assert world.post("card-a", "/refunds", by).status_code == 404
    world.post("card-a", "/captures", CAPTURE)
    assert [world.post("card-a", "/refunds", by).status_code for _ in range(3)] == [201, 200, 200]
    assert [entry["kind"] for entry in world.ledger("card-a")] == ["capture", "refund"]


def test_marks_of_a_proof_and_the_caller_are_in_the_ledger_and_no_key_is(world: World) -> None:
    marked = {**CAPTURE, "proof": "run-7"}
    world.post("card-a", "/captures", marked, Authorization="Bearer secret-key")
    (entry,) = world.ledger("card-a")
    assert entry["proof"] == "run-7"
    assert len(entry["caller"]) == 12
    assert "secret-key" not in str(entry)
    assert "tok_visa" not in str(entry)


def test_a_parcel_and_a_mail_are_taken_once_per_key(world: World) -> None:
    parcels = [world.post("carrier", "/shipments", {"order": 7, "key": "k"}) for _ in range(2)]
    assert [answer.status_code for answer in parcels] == [201, 200]
    assert len({answer.get_json()["tracking"] for answer in parcels}) == 1
    mail = {"to": "a@b.example", "subject": "s", "text": "t", "key": "k", "ticket": "t-1"}
    assert [world.post("mailbox", "/mails", mail).status_code for _ in range(2)] == [201, 200]
    assert [entry["ticket"] for entry in world.ledger("mailbox")] == ["t-1"]


def test_what_is_malformed_is_refused_with_its_name(world: World) -> None:
    broken: dict[str, object] = {name: it for name, it in CAPTURE.items() if name != "currency"}
    answer = world.post("card-a", "/captures", broken)
    assert answer.status_code == 400
    assert "currency" in answer.get_json()["error"]
    assert world.post("card-a", "/captures", {**CAPTURE, "amount_cents": 0}).status_code == 400
    assert world.ledger("card-a") == []


def test_ledgers_outlive_their_process(tmp_path: Path) -> None:
    World(tmp_path).post("card-a", "/captures", CAPTURE)
    assert [entry["key"] for entry in World(tmp_path).ledger("card-a")] == ["k1"]


def test_a_ledger_is_read_from_a_moment_on(world: World) -> None:
    world.post("card-a", "/captures", CAPTURE)
    now = datetime.now(UTC)
    for since, found in ((now - timedelta(minutes=1), 1), (now + timedelta(minutes=1), 0)):
        assert len(world.ledger("card-a", since.isoformat())) == found  # its + comes as a space
        assert len(world.ledger("card-a", since.strftime("%Y-%m-%dT%H:%M:%SZ"))) == found
    with pytest.raises(AssertionError, match="no time of ISO 8601"):
        world.ledger("card-a", "yesterday")


def test_latency_delays_what_is_asked_and_not_the_ledger(tmp_path: Path) -> None:
    world = World(tmp_path, latency=timedelta(seconds=0.2))
    began = time.monotonic()
    world.post("card-a", "/captures", CAPTURE)
    asked = time.monotonic()
    world.ledger("card-a")
    assert asked - began >= 0.2
    assert time.monotonic() - asked < 0.2


def test_each_partner_of_the_contract_is_there(tmp_path: Path) -> None:
    assert tuple(apps(tmp_path)) == NAMES == ("card-a", "card-b", "carrier", "mailbox")
