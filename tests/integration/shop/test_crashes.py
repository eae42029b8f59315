"""Killed or cut off at the worst moment: nothing is charged twice, nothing promised is lost."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta

import httpx
import psycopg2
import pytest

from tests.integration.shop.conftest import Shop
from tests.integration.shop.servers import eventually

Open = Callable[..., Shop]
SELLING = ("storefront", "orders", "payment")
SLOW = timedelta(seconds=2)


@pytest.mark.parametrize("killed", ["orders", "payment"])
def test_killed_between_capture_and_commit_is_settled_exactly_once(
    open_shop: Open, killed: str
) -> None:
    shop = open_shop(*SELLING, latency=SLOW)
    ada = shop.buyer()
    ada.fill(mug_sand=2)
    key = uuid.uuid4().hex
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(lambda: ada.order(key=key))
        eventually(lambda: shop.world.ledger("card-a", "capture"), within=5)
        shop.services.kill(killed)
        if killed == "orders":
            with pytest.raises(httpx.HTTPError):
                answer.result()
        else:
            assert answer.result().status_code == 503
    assert shop.rows("SELECT state FROM orders") == [("pending",)]
    (hanging,) = shop.admin("pending")

    assert shop.admin("reconcile") == {"settled": 1}
    assert shop.admin("reconcile") == {"settled": 0}

    (capture,) = shop.world.ledger("card-a")
    assert shop.rows(
        "SELECT state, capture FROM orders JOIN payments ON order_number = number"
    ) == [("paid", capture["id"])]
    shop.services.start(killed)
    again = ada.order(key=key)
    assert (again.status_code, again.json()["number"]) == (201, hanging["number"])
    assert len(shop.world.ledger("card-a")) == 1


def test_a_customer_who_asks_again_after_a_crash_gets_the_promise(open_shop: Open) -> None:
    shop = open_shop(*SELLING, latency=SLOW)
    ada = shop.buyer()
    ada.fill(mug_sand=1)
    key = uuid.uuid4().hex
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(lambda: ada.order(key=key))
        eventually(lambda: shop.world.ledger("card-a", "capture"), within=5)
        shop.services.kill("orders")
        assert isinstance(answer.exception(), httpx.HTTPError)
    shop.services.start("orders")

    assert ada.order(key=key).status_code == 201

    assert len(shop.world.ledger("card-a")) == 1
    assert shop.rows("SELECT count(*), min(state) FROM orders") == [(1, "paid")]


def test_a_capture_that_was_never_asked_for_is_void_and_the_goods_go_back(open_shop: Open) -> None:
    shop = open_shop("storefront", "orders")  # no payment service: the capture is never asked for
    before = shop.rows("SELECT stock FROM products WHERE id = 'mug-sand'")
    ada = shop.buyer()
    ada.fill(mug_sand=4)
    key = uuid.uuid4().hex
    assert ada.order(key=key).status_code == 503

    assert shop.admin("reconcile") == {"settled": 1}

    assert shop.rows("SELECT state FROM orders") == [("cancelled",)]
    assert shop.rows("SELECT stock FROM products WHERE id = 'mug-sand'") == before
    assert [entry["kind"] for entry in shop.world.ledger("card-a")] == ["void"]
    shop.services.start("payment")
    assert ada.order(key=key).status_code == 409, "a void key captures nothing any more"
    assert shop.world.ledger("card-a", "capture") == []


def test_settling_leaves_alone_what_may_still_be_under_way(open_shop: Open) -> None:
    shop = open_shop("storefront", "orders")
    ada = shop.buyer()
    ada.fill(mug_sand=1)
    assert ada.order().status_code == 503
    worker = shop.services.start_worker()

    shop.rows("INSERT INTO mails (recipient, subject, text) VALUES ('a@b.example', 's', 't')")
    eventually(lambda: shop.world.ledger("mailbox"), within=10)

    assert shop.rows("SELECT state FROM orders") == [("pending",)], "the worker came by too early"
    shop.rows("UPDATE orders SET changed_at = changed_at - interval '1 minute'")
    eventually(lambda: shop.rows("SELECT state FROM orders") == [("cancelled",)], within=10)
    worker.terminate()
    assert worker.wait(10) == 0


def test_a_mailbox_that_is_down_keeps_no_order_from_being_settled(open_shop: Open) -> None:
    shop = open_shop("storefront", "orders")
    ada = shop.buyer()
    ada.fill(mug_sand=1)
    assert ada.order().status_code == 503
    shop.rows("UPDATE orders SET changed_at = changed_at - interval '1 minute'")
    shop.rows(
        "INSERT INTO mails (recipient, subject, text) "
        "SELECT 'a@b.example', 's', 't' FROM generate_series(1, 100)"
    )
    shop.world.stop_one("mailbox")

    worker = shop.services.start_worker()

    eventually(lambda: shop.rows("SELECT state FROM orders") == [("cancelled",)], within=10)
    worker.terminate()
    assert worker.wait(10) == 0


def test_an_order_that_somebody_holds_keeps_no_other_from_being_settled(open_shop: Open) -> None:
    shop = open_shop("storefront", "orders")
    for _ in range(2):
        ada = shop.buyer()
        ada.fill(mug_sand=1)
        assert ada.order().status_code == 503
    (held, free) = shop.rows("SELECT number FROM orders ORDER BY changed_at")
    with closing(psycopg2.connect(shop.database)) as holder, holder.cursor() as cursor:
        cursor.execute("SELECT FROM orders WHERE number = %s FOR UPDATE", held)
        assert shop.admin("reconcile") == {"settled": 1}
    states = dict(shop.rows("SELECT number, state FROM orders"))
    assert (states[held[0]], states[free[0]]) == ("pending", "cancelled")
    assert shop.admin("reconcile") == {"settled": 1}


def test_a_database_that_went_away_is_a_refusal_and_comes_back_unaided(open_shop: Open) -> None:
    shop = open_shop(*SELLING)
    ada = shop.buyer()
    assert ada.get("/api/products").status_code == 200
    shop.rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name = 'shop' AND datname = current_database()"
    )
    assert ada.get("/api/products").status_code == 200
    assert ada.buy() > 0


def test_a_refund_that_was_cut_off_is_settled_exactly_once(open_shop: Open) -> None:
    shop = open_shop(*SELLING)
    ada = shop.buyer()
    number = ada.buy()
    shop.services.kill("payment")
    assert ada.post(f"/api/orders/{number}/refund", {}).status_code == 503
    assert shop.rows("SELECT state FROM orders") == [("refunding",)]

    assert shop.admin("reconcile") == {"settled": 1}
    assert shop.admin("reconcile") == {"settled": 0}

    assert shop.rows("SELECT state FROM orders") == [("refunded",)]
    assert len(shop.world.ledger("card-a", "refund")) == 1
