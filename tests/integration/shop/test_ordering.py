"""An order, from the catalogue to the money: with the real processes, database and provider."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tests.integration.shop.conftest import Shop

Open = Callable[..., Shop]
SELLING = ("storefront", "orders", "payment")
DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


def test_a_customer_browses_signs_up_and_buys(open_shop: Open) -> None:
    shop = open_shop(*SELLING)
    ada = shop.stranger()

    assert "Mug, sand" in ada.get("/").text
    found = ada.get("/api/products?q=LAMP").json()["products"]
    assert [product["id"] for product in found] == ["lamp-paper"]
    assert ada.get(f"/images/{found[0]['image']}").content.startswith(b"<svg")

    ada.fill(lamp_paper=2)
    assert ada.order().status_code == 401, "nobody is signed in yet"
    assert ada.sign_up().status_code == 201
    cart = ada.get("/api/cart").json()
    assert cart["total_cents"] == 13800, "the cart came along"

    answer = ada.order()
    assert answer.status_code == 201
    order = answer.json()
    assert (order["state"], order["total_cents"]) == ("paid", 13800)
    (capture,) = shop.world.ledger("card-a")
    assert (capture["order"], capture["amount_cents"]) == (order["number"], 13800)
    assert ada.get("/api/cart").json()["lines"] == []
    assert ada.get(f"/api/orders/{order['number']}").json()["lines"] == [
        {"product": "lamp-paper", "quantity": 2, "price_cents": 6900}
    ]


def test_a_repeat_with_the_same_key_is_the_same_order_and_one_charge(open_shop: Open) -> None:
    shop = open_shop(*SELLING)
    ada = shop.buyer()
    ada.fill(mug_sand=1)
    key = uuid.uuid4().hex

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: ada.order(key=key), range(8)))
    answers.append(ada.order(key=key))

    numbers = {answer.json()["number"] for answer in answers if answer.status_code == 201}
    assert len(numbers) == 1
    assert answers[-1].status_code == 201
    assert len(shop.world.ledger("card-a")) == 1
    assert shop.rows("SELECT count(*) FROM orders") == [(1,)]


def test_fifty_buyers_of_the_last_ten_get_ten_orders(open_shop: Open) -> None:
    shop = open_shop(*SELLING)
    shop.rows("UPDATE products SET stock = 10 WHERE id = 'mug-sand'")
    with ThreadPoolExecutor(16) as pool:
        buyers = list(pool.map(lambda _: shop.buyer(), range(50)))
    for buyer in buyers:
        buyer.fill(mug_sand=1)

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda buyer: buyer.order(), buyers))

    assert Counter(answer.status_code for answer in answers) == {201: 10, 409: 40}
    promised = {answer.json()["number"] for answer in answers if answer.status_code == 201}
    assert {entry["order"] for entry in shop.world.ledger("card-a")} == promised
    assert len(shop.world.ledger("card-a")) == 10
    assert shop.rows("SELECT stock FROM products WHERE id = 'mug-sand'") == [(0,)]


def test_buyers_of_the_same_two_things_do_not_wait_for_themselves(open_shop: Open) -> None:
    shop = open_shop(*SELLING)
    pair = [shop.buyer() for _ in range(8)]
    for index, buyer in enumerate(pair):
        names = ("mug_sand", "vase_indigo") if index % 2 else ("vase_indigo", "mug_sand")
        buyer.fill(**dict.fromkeys(names, 1))

    before = shop.rows(DEADLOCKS)
    with ThreadPoolExecutor(8) as pool:
        statuses = [answer.status_code for answer in pool.map(lambda it: it.order(), pair)]

    assert statuses == [201] * 8
    assert shop.rows(DEADLOCKS) == before


def test_a_declined_card_gives_the_goods_back(open_shop: Open) -> None:
    shop = open_shop(*SELLING)
    ada = shop.buyer()
    before = shop.rows("SELECT stock FROM products WHERE id = 'mug-sand'")
    ada.fill(mug_sand=3)
    key = uuid.uuid4().hex

    assert ada.order(key=key, card="tok_declined").status_code == 402
    assert ada.order(key=key).status_code == 409, "this key has had its outcome"
    assert shop.rows("SELECT stock FROM products WHERE id = 'mug-sand'") == before
    assert shop.world.ledger("card-a", "capture") == []
    assert ada.order().status_code == 201, "the cart is still full: another key, another order"


def test_a_refund_gives_money_and_goods_back_once(open_shop: Open) -> None:
    shop = open_shop(*SELLING)
    ada = shop.buyer()
    before = shop.rows("SELECT stock FROM products WHERE id = 'mug-sand'")
    number = ada.buy(mug_sand=2)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: ada.post(f"/api/orders/{number}/refund", {}), range(4)))

    assert {answer.json()["state"] for answer in answers} == {"refunded"}
    (refund,) = shop.world.ledger("card-a", "refund")
    assert (refund["order"], refund["amount_cents"]) == (number, 2980)
    assert shop.rows("SELECT stock FROM products WHERE id = 'mug-sand'") == before


def test_an_order_is_nobody_elses(open_shop: Open) -> None:
    shop = open_shop(*SELLING)
    number = shop.buyer().buy()
    eve = shop.buyer()

    assert eve.get(f"/api/orders/{number}").status_code == 404
    assert eve.post(f"/api/orders/{number}/refund", {}).status_code == 404


def test_what_is_asked_wrongly_is_told_and_changes_nothing(open_shop: Open) -> None:
    shop = open_shop(*SELLING)
    ada = shop.buyer()
    answers = [
        ada.order(),
        ada.post("/api/cart", {"product": "mug-sand", "quantity": -1}),
        ada.post("/api/cart", {"product": "mug-sand", "quantity": True}),
        ada.post("/api/cart", {"product": "unheard-of", "quantity": 1}),
        ada.post("/api/orders", {"card": "tok_visa"}),
        ada.post("/api/customers", {"email": "none", "name": "x", "password": "long enough"}),
        ada.post("/api/customers", {"email": ada.email, "name": "x", "password": "long enough"}),
        ada.post("/api/sessions", {"email": ada.email, "password": "wrong"}),
    ]
    assert [answer.status_code for answer in answers] == [400, 400, 400, 404, 400, 400, 409, 401]
    assert all(answer.json()["error"] for answer in answers)
    assert shop.rows("SELECT count(*) FROM orders") == [(0,)]


def test_passwords_are_kept_as_hashes_only(open_shop: Open) -> None:
    shop = open_shop("storefront")
    shop.buyer()
    ((kept,),) = shop.rows("SELECT password FROM customers")
    assert "correct horse" not in kept
    assert kept.split(":")[0] in ("scrypt", "pbkdf2")
