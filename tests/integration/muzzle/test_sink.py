"""The sink keeps all that it is asked, and answers as the partners of the sandbox would."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from drkit.sandbox.world import apps
from tests.integration.muzzle.sinking import Sink

SUM = {"order": 7, "amount_cents": 1490, "currency": "EUR", "card": "tok_visa", "proof": "r1"}
KEY = {"order": 7, "key": "k1", "proof": "r1"}
MAIL = {"key": "m1", "to": "a@b.example", "subject": "s", "text": "t", "order": 7}
JOURNEYS: dict[str, list[tuple[str, str, object]]] = {
    "a payment, sent twice, given back twice": [
        ("card-a", "/captures", {**SUM, "key": "k1"}),
        ("card-a", "/captures", {**SUM, "key": "k1"}),
        ("card-a", "/refunds", KEY),
        ("card-a", "/refunds", KEY),
    ],
    "a declined card stays declined": [
        ("card-a", "/captures", {**SUM, "key": "k1", "card": "tok_declined_proof"}),
        ("card-a", "/captures", {**SUM, "key": "k1"}),
        ("card-a", "/refunds", KEY),
    ],
    "a void comes first": [
        ("card-a", "/voids", KEY),
        ("card-a", "/captures", {**SUM, "key": "k1"}),
        ("card-a", "/voids", KEY),
    ],
    "a capture comes first": [
        ("card-a", "/captures", {**SUM, "key": "k1"}),
        ("card-a", "/voids", KEY),
    ],
    "a key with another sum": [
        ("card-a", "/captures", {**SUM, "key": "k1"}),
        ("card-a", "/captures", {**SUM, "key": "k1", "amount_cents": 1}),
        ("card-a", "/captures", {**SUM, "key": "k1", "order": 8}),
    ],
    "a refund by the order": [
        ("card-a", "/captures", {**SUM, "key": "k1"}),
        ("card-a", "/refunds", {"order": 7}),
        ("card-a", "/refunds", {"order": 8}),
    ],
    "nothing, or too little, is asked for": [
        ("card-a", "/captures", {"order": 7}),
        ("card-a", "/captures", {**SUM, "key": "k1", "amount_cents": 0}),
        ("carrier", "/shipments", {"order": 7}),
        ("mailbox", "/mails", {"key": "m1"}),
    ],
    "a parcel, announced twice": [("carrier", "/shipments", KEY)] * 2,
    "a mail, sent twice": [("mailbox", "/mails", MAIL)] * 2,
}
SAME = ("state", "key", "order", "amount_cents", "currency", "kind", "to", "subject")

Ask = Callable[[str, str, object], tuple[int, Any]]


def answers(ask: Ask, journey: str) -> list[tuple[int, dict[str, object]]]:
    """Of each question the status, and of its answer what a shop goes by."""
    heard = [ask(*question) for question in JOURNEYS[journey]]
    return [(status, {k: body[k] for k in SAME if k in body}) for status, body in heard]


@pytest.mark.parametrize("journey", JOURNEYS)
def test_the_shops_programs_answer_as_the_partners_of_the_sandbox(
    tmp_path: Path, sink: Sink, journey: str
) -> None:
    world = apps(tmp_path / "world")

    def of_the_world(name: str, path: str, body: object) -> tuple[int, Any]:
        app = world[name]
        assert isinstance(app, Flask)
        answer = app.test_client().post(path, json=body)
        return answer.status_code, answer.get_json()

    def of_the_sink(name: str, path: str, body: object) -> tuple[int, Any]:
        return sink.ask(f"/{name}{path}", body)

    assert answers(of_the_sink, journey) == answers(of_the_world, journey)


def test_a_repeated_parcel_and_payment_keep_their_numbers(sink: Sink) -> None:
    first = sink.ask("/carrier/shipments", KEY)[1]
    assert first["tracking"]
    assert sink.ask("/carrier/shipments", KEY)[1] == first
    paid = sink.ask("/card-a/captures", {**SUM, "key": "k1"})[1]
    assert sink.ask("/card-a/voids", KEY)[1] == paid


def test_a_key_is_captured_once_however_many_ask_at_once(sink: Sink) -> None:
    body = {**SUM, "key": "k1"}
    with ThreadPoolExecutor(8) as pool:
        heard = list(pool.map(lambda _: sink.ask("/card-a/captures", body), range(32)))
    assert Counter(status for status, _ in heard) == {201: 1, 200: 31}
    assert len({answer["id"] for _, answer in heard}) == 1
    assert len({entry["id"] for entry in sink.ledger()}) == 32


def test_a_sink_that_was_killed_knows_what_it_has_answered(sink: Sink) -> None:
    body = {**SUM, "key": "k1"}
    before = sink.ask("/card-a/captures", body)[1]
    sink.kill()
    with sink.ledger_file.open("a") as file:
        file.write('{"id": "sink_00000002", "provider": "card-a", "at": "20')  # a torn line
    sink.start()
    assert sink.ask("/card-a/captures", body) == (200, before)
    lines = sink.ledger_file.read_text().splitlines()
    assert [json.loads(line)["status"] for line in lines] == [201, 200]


def test_all_that_is_asked_is_kept_also_by_whom_nobody_stands_in_for(sink: Sink) -> None:
    secret = {"Authorization": "Bearer very-secret"}
    assert sink.ask("/nobody/charge", {"cents": 5})[0] == 404
    assert sink.ask("/card-a/elsewhere", headers=secret)[0] == 404
    assert sink.ask("/mailbox/mails", method="PURGE")[0] == 404
    assert sink.ask("/mailbox/mails", b"no JSON")[0] == 400
    kept = [(e["provider"], e["asked"]["method"], e["asked"]["body"]) for e in sink.ledger()]
    assert kept == [
        ("nobody", "POST", {"cents": 5}),
        ("card-a", "GET", None),
        ("mailbox", "PURGE", None),
        ("mailbox", "POST", "no JSON"),
    ]
    assert "very-secret" not in sink.ledger_file.read_text()
    assert sink.ledger("card-a")[0]["asked"]["caller"]
    assert sink.ledger_file.stat().st_mode & 0o077 == 0


def test_a_program_that_breaks_is_a_500_in_the_ledger(tmp_path: Path) -> None:
    program = tmp_path / "broken.py"
    program.write_text("def answer(asked, earlier):\n    return 200, earlier[5]\n")
    sink = Sink(folder=tmp_path, programs={"broken": program})
    sink.start()
    try:
        status, said = sink.ask("/broken/x", {})
        assert (status, said) == (500, {"error": "broken: IndexError: tuple index out of range"})
        assert [entry["status"] for entry in sink.ledger()] == [500]
    finally:
        sink.kill()


def test_a_sink_whose_program_answers_nothing_does_not_start(tmp_path: Path) -> None:
    program = tmp_path / "mute.py"
    program.write_text("def reply():\n    pass\n")
    sink = Sink(folder=tmp_path, programs={"mute": program})
    with pytest.raises(AssertionError, match="the sink has ended"):
        sink.start()
