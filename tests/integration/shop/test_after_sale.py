"""Shipping and support: parcels, tickets and the mails about them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tests.integration.shop.buyer import Buyer
from tests.integration.shop.conftest import Shop
from tests.integration.shop.servers import eventually

Open = Callable[..., Shop]
ALL = ("storefront", "orders", "payment", "shipping", "support")


def test_an_order_is_sent_once_however_often_it_is_asked_for(open_shop: Open) -> None:
    shop = open_shop(*ALL)
    ada = shop.buyer()
    number = ada.buy()
    assert ada.get(f"/api/shipments/{number}").status_code == 404

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: ada.post("/api/shipments", {"order": number}), range(6)))

    assert {answer.status_code for answer in answers} == {201}
    (parcel,) = shop.world.ledger("carrier")
    assert {answer.json()["tracking"] for answer in answers} == {parcel["id"]}
    assert ada.get(f"/api/shipments/{number}").json()["tracking"] == parcel["id"]


def test_what_was_given_back_is_not_sent_and_what_was_sent_is_not_restocked(
    open_shop: Open,
) -> None:
    shop = open_shop(*ALL)
    ada = shop.buyer()
    returned, sent = ada.buy(), ada.buy()
    ada.post(f"/api/orders/{returned}/refund", {})
    assert ada.post("/api/shipments", {"order": returned}).status_code == 409
    ada.post("/api/shipments", {"order": sent})
    before = shop.rows("SELECT stock FROM products WHERE id = 'mug-sand'")
    assert ada.post(f"/api/orders/{sent}/refund", {}).status_code == 200
    assert shop.rows("SELECT stock FROM products WHERE id = 'mug-sand'") == before


def test_a_parcel_that_the_carrier_did_not_confirm_is_asked_for_again(open_shop: Open) -> None:
    shop = open_shop(*ALL)
    ada = shop.buyer()
    number = ada.buy()
    shop.rows("INSERT INTO shipments (order_number) VALUES (%s)", number)

    assert shop.admin("reconcile") == {"settled": 1}

    (parcel,) = shop.world.ledger("carrier")
    assert shop.rows("SELECT tracking FROM shipments") == [(parcel["id"],)]


def test_a_ticket_is_answered_by_a_mail_and_seen_by_its_customer_only(open_shop: Open) -> None:
    shop = open_shop(*ALL)
    worker = shop.services.start_worker()
    ada, eve = shop.buyer(), shop.buyer()
    number = ada.buy()
    answer = ada.post("/api/tickets", {"order": number, "text": "Where is it?"})
    assert answer.status_code == 201
    ticket = answer.json()["id"]

    eventually(lambda: len(shop.world.ledger("mailbox")) == 2, within=10)
    worker.terminate()
    assert worker.wait(10) == 0

    confirmed, replied = shop.world.ledger("mailbox")
    assert (confirmed["order"], confirmed["ticket"]) == (number, None)
    assert (replied["order"], replied["ticket"], replied["to"]) == (number, ticket, ada.email)
    assert ada.get(f"/api/tickets/{ticket}").json()["order"] == number
    assert eve.get(f"/api/tickets/{ticket}").status_code == 404
    assert eve.post("/api/tickets", {"order": number, "text": "mine?"}).status_code == 404
    assert eve.post("/api/tickets", {"text": "about nothing"}).status_code == 201
    assert shop.stranger().post("/api/tickets", {"text": "hello"}).status_code == 401


def test_a_question_that_is_asked_again_with_its_key_is_one_ticket_and_one_mail(
    open_shop: Open,
) -> None:
    shop = open_shop(*ALL)
    ada, eve = shop.buyer(), shop.buyer()
    asked = {"text": "Where is it?"}

    def ask(buyer: Buyer, key: str) -> str:
        answer = buyer.post("/api/tickets", asked, {"Idempotency-Key": key})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    with ThreadPoolExecutor(6) as pool:
        tickets = set(pool.map(lambda _: ask(ada, "k-1"), range(6)))

    assert len(tickets) == 1
    assert shop.rows("SELECT count(*) FROM tickets") == shop.rows("SELECT count(*) FROM mails")
    assert shop.rows("SELECT count(*) FROM tickets") == [(1,)]
    assert ask(ada, "k-2") not in tickets
    assert ask(eve, "k-1") not in tickets, "a key is one customer's"
    assert ada.post("/api/tickets", asked, {"Idempotency-Key": "k" * 201}).status_code == 400


def test_a_mail_that_a_lost_site_had_sent_is_not_delivered_again(open_shop: Open) -> None:
    shop = open_shop(*ALL)
    worker = shop.services.start_worker()
    shop.buyer().buy()
    eventually(lambda: shop.rows("SELECT sent_at FROM mails")[0][0], within=10)
    shop.rows("UPDATE mails SET sent_at = NULL, due_at = now()")  # as an older backup would
    eventually(lambda: shop.rows("SELECT sent_at FROM mails")[0][0], within=10)
    worker.terminate()
    assert worker.wait(10) == 0
    assert len(shop.world.ledger("mailbox")) == 1
