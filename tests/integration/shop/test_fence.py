"""Closed and fenced: not one write, not one call to anybody outside, whoever asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.shop.buyer import Buyer
from tests.integration.shop.conftest import Shop
from tests.integration.shop.servers import eventually

Open = Callable[..., Shop]
ALL = ("storefront", "orders", "payment", "shipping", "support")
TABLES = ("customers", "orders", "payments", "shipments", "tickets", "mails", "products")


def _everything(shop: Shop) -> list[Any]:
    rows = [shop.rows(f"SELECT * FROM {table} ORDER BY 1") for table in TABLES]  # noqa: S608
    return [*rows, *(shop.world.ledger(name) for name in ("card-a", "carrier", "mailbox"))]


def _try_all(shop: Shop, ada: Buyer, number: int) -> set[int]:
    """Every write that a customer can ask for, and the payment service's own door."""
    payment = shop.services.port("payment")
    return {
        answer.status_code
        for answer in (
            shop.stranger(proof=ada.proof).sign_up(),
            ada.sign_in(),
            ada.post("/api/cart", {"product": "mug-sand", "quantity": 2}),
            ada.order(),
            ada.post(f"/api/orders/{number}/refund", {}),
            ada.post("/api/shipments", {"order": number}),
            ada.post("/api/tickets", {"order": number, "text": "hello"}),
            ada.post_to(payment, "/captures", {"order": number, "card": "tok_visa"}),
        )
    }


@pytest.mark.parametrize("state", ["closed", "fenced"])
def test_nothing_is_written_and_nobody_called(open_shop: Open, state: str) -> None:
    shop = open_shop(*ALL)
    ada = shop.buyer()
    number = ada.buy(mug_sand=1)
    ada.fill(lamp_paper=1)
    before = _everything(shop)

    shop.epoch.state = state

    assert _try_all(shop, ada, number) == {503}
    assert ada.order().json() == {"error": "closed"}
    assert shop.services.run("shop.admin", "reconcile").returncode == 1
    assert _everything(shop) == before
    assert ada.get(f"/api/orders/{number}").status_code == 200, "reading goes on"
    cart = ada.get("/api/cart").json()
    assert [(line["product"], line["quantity"]) for line in cart["lines"]] == [("lamp-paper", 1)]

    shop.epoch.state = "open"  # the same requests are not refused for any other reason
    assert 503 not in _try_all(shop, ada, number)
    assert _everything(shop) != before


def test_no_answer_from_the_daemon_is_a_no(open_shop: Open) -> None:
    shop = open_shop("storefront")
    shop.epoch.stop()
    assert shop.stranger().sign_up().status_code == 503
    assert shop.rows("SELECT count(*) FROM customers") == [(0,)]


def test_a_site_that_is_fenced_while_it_captures_does_not_promise(open_shop: Open) -> None:
    shop = open_shop(*ALL)
    ada = shop.buyer()
    ada.fill(mug_sand=1)
    shop.services.kill("payment")  # the order waits as pending, as in the middle of a capture
    assert ada.order(key="one").status_code == 503
    shop.services.start("payment")
    shop.epoch.state = "fenced"

    assert ada.order(key="one").status_code == 503

    assert shop.rows("SELECT state FROM orders") == [("pending",)]
    assert shop.world.ledger("card-a") == []


def test_a_proof_buys_while_closed_and_never_while_fenced(open_shop: Open) -> None:
    shop = open_shop(*ALL)
    stock = shop.rows("SELECT id, stock FROM products ORDER BY id")
    worker = shop.services.start_worker()
    shop.rows("INSERT INTO mails (recipient, subject, text) VALUES ('a@b.example', 's', 't')")
    eventually(lambda: shop.world.ledger("mailbox"), within=10)
    shop.epoch.state = "closed"
    shop.rows("INSERT INTO mails (recipient, subject, text) VALUES ('a@b.example', 's', 't')")

    proof = shop.buyer(proof="run-7")
    number = proof.buy(mug_sand=3)
    assert proof.post("/api/shipments", {"order": number}).status_code == 201
    ticket = proof.post("/api/tickets", {"order": number, "text": "a proof"}).json()["id"]
    assert proof.get(f"/api/tickets/{ticket}").json()["text"] == "a proof"

    eventually(lambda: len(shop.world.ledger("mailbox")) == 3, within=10)
    marked = [entry["proof"] for entry in shop.world.ledger("mailbox")]
    assert marked == [None, "run-7", "run-7"], "the customer's mail waits, the proof's do not"
    assert proof.post(f"/api/orders/{number}/refund", {}).status_code == 200
    for name in ("card-a", "carrier"):
        assert {entry["proof"] for entry in shop.world.ledger(name)} == {"run-7"}
    assert shop.rows("SELECT id, stock FROM products ORDER BY id") == stock
    for table in ("customers", "orders", "shipments", "tickets"):
        assert shop.rows(f"SELECT DISTINCT proof FROM {table}") == [("run-7",)]  # noqa: S608

    another = proof.buy()
    proof.fill(mug_sand=1)
    eventually(lambda: len(shop.world.ledger("mailbox")) == 4, within=10)
    shop.epoch.state = "fenced"
    before = _everything(shop)
    assert _try_all(shop, proof, another) == {503}
    worker.terminate()
    assert worker.wait(10) == 0
    assert _everything(shop) == before


def test_a_proof_and_a_customer_do_not_touch_each_others_orders(open_shop: Open) -> None:
    shop = open_shop(*ALL)
    ada = shop.buyer()
    number = ada.buy()
    ada.proof = "run-7"
    assert ada.get(f"/api/orders/{number}").status_code == 404
    assert ada.post(f"/api/orders/{number}/refund", {}).status_code == 404
    assert ada.post("/api/shipments", {"order": number}).status_code == 404
    assert ada.post("/api/tickets", {"order": number, "text": "x"}).status_code == 404
