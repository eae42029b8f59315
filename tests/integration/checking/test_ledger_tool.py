"""Third parties' books against what the rebuilt shop still knows."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from drkit.adapters import earlier_losses
from drkit.adapters.ledger import LedgerTool
from drkit.errors import StepError
from drkit.model.outcome import Outcome, State
from drkit.model.step import LedgerWork
from tests.fakes.names import Names
from tests.integration.checking.conftest import NAME, Answer, Authority, Door
from tests.integration.checking.shop_plan import Yard, make

_LEDGER = """
from datetime import datetime
from drkit.checking import Promise
from drkit.model.quantities import Money

def promises(books, since, until):
    return [
        Promise(id=row["id"], at=datetime.fromisoformat(row["at"]), what="order " + row["id"],
                amount=Money(row["cents"], "EUR"))
        for row in books.read("/ledger")
    ]

def kept(customer, promises):
    ids = [promise.id for promise in promises]
    body = {"kind": "orders", "ids": ids}
    return set(customer.post("/api/recovery/known", step="ask", body=body).json["known"])
"""
_ROWS = [
    {"id": "3", "at": "2030-01-01T00:00:09+00:00", "cents": 300},
    {"id": "1", "at": "2030-01-01T00:00:01+00:00", "cents": 100},
    {"id": "2", "at": "2030-01-01T00:00:05+00:00", "cents": 200},
]


@pytest.fixture
def yard(tmp_path: Path, authority: Authority, door: Door, names: Names) -> Yard:
    names.records[NAME] = ("127.0.0.1", 60)
    return make(tmp_path, authority, port=door.port, resolver=f"127.0.0.1:{names.port}")


def _world(door: Door, *, known: list[str], rows: object = _ROWS, status: int = 200) -> None:
    def handler(_: str, path: str, body: dict[str, Any], seen: dict[str, str]) -> Answer:
        if path == "/ledger":
            return 200, rows
        assert seen["X-Drkit-Proof"] == "r1"
        return status, {"known": [one for one in body["ids"] if one in known]}

    door.handler = handler


def _read(yard: Yard, text: str = _LEDGER) -> Outcome:
    path = yard.write("checks/ledgers/card_a.py", text)
    return LedgerTool(LedgerWork(provider="card-a", path=path)).do(yard.context, lambda _: None)


def test_what_an_earlier_rebuild_had_lost_is_marked_by_its_name(
    yard: Yard, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost_before(_world: object, _plan: object, ledger: str, *, run: str) -> dict[str, str]:
        assert (ledger, run) == ("card-a", yard.context.run)
        return {"3": "an-earlier-one"}

    monkeypatch.setattr(earlier_losses, "lost_before", lost_before)
    _world(door, known=["1"])
    missing: Any = _read(yard).facts["missing"]
    assert [(entry["id"], entry.get("lost_by")) for entry in missing] == [
        ("2", None),
        ("3", "an-earlier-one"),
    ]


def test_promises_that_the_shop_does_not_know_are_listed_oldest_first(
    yard: Yard, door: Door
) -> None:
    _world(door, known=["1"])
    outcome = _read(yard)
    assert outcome.state is State.DONE
    assert outcome.facts["provider"] == "card-a"
    assert outcome.facts["promises"] == 3
    assert outcome.facts["missing"] == [
        {
            "id": "2",
            "at": "2030-01-01T00:00:05+00:00",
            "cents": 200,
            "currency": "EUR",
            "what": "order 2",
        },
        {
            "id": "3",
            "at": "2030-01-01T00:00:09+00:00",
            "cents": 300,
            "currency": "EUR",
            "what": "order 3",
        },
    ]
    for name in ("read_at", "until"):
        assert datetime.fromisoformat(str(outcome.facts[name])).tzinfo is not None


def test_nothing_is_missing_where_the_shop_knows_all(yard: Yard, door: Door) -> None:
    _world(door, known=["1", "2", "3"])
    assert _read(yard).facts["missing"] == []


def test_books_without_promises_ask_the_shop_nothing(yard: Yard, door: Door) -> None:
    _world(door, known=[], rows=[])
    assert _read(yard).facts["promises"] == 0
    assert [seen["path"] for seen in door.seen] == ["/ledger"]


def test_a_provider_that_does_not_answer_is_an_error_that_names_it(
    yard: Yard, names: Names
) -> None:
    names.records.clear()
    with pytest.raises(StepError, match="the books of card-a cannot be read"):
        _read(yard)


def test_a_shop_that_does_not_say_is_an_error_and_not_a_loss(yard: Yard, door: Door) -> None:
    _world(door, known=[], status=503)
    with pytest.raises(StepError, match="does not say which promises"):
        _read(yard)


def test_books_that_make_no_sense_name_the_ledger_s_file(yard: Yard, door: Door) -> None:
    _world(door, known=[], rows=[{"number": 1}])
    with pytest.raises(StepError, match=r"checks/ledgers/card_a\.py makes no sense of the books"):
        _read(yard)


def test_a_ledger_without_its_functions_is_an_error(yard: Yard) -> None:
    with pytest.raises(StepError, match="has no function promises and no kept"):
        _read(yard, "x = 1\n")


def test_a_ledger_that_is_not_there_is_an_error(yard: Yard) -> None:
    with pytest.raises(StepError, match="is not there"):
        LedgerTool(LedgerWork(provider="card-a", path="gone.py")).do(yard.context, lambda _: None)
