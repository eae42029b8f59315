"""Orders: placed, paid, looked at, refunded. The promise to a customer is this service's 201.

    gunicorn shop.orders:app

Its payments go through the payment service on the same host.
"""

from __future__ import annotations

import logging

import psycopg2.errors
import redis
from flask import request
from flask.typing import ResponseReturnValue

from shop import card, health, purchase, service
from shop.fence import Refused
from shop.outside import Unanswered, send
from shop.purchase import Order
from shop.service import AGAIN, Problem, proof, text

_log = logging.getLogger(__name__)
_parts = service.parts()
_database, _visits = _parts.database, _parts.visits
app = service.service(
    "orders", _parts, needs=(health.database(_database), health.sessions(_visits))
)


@app.post("/api/orders")
def order() -> ResponseReturnValue:
    """Order what is in the cart. The same Idempotency-Key always leads to the same order."""
    request_key = request.headers.get("Idempotency-Key", "").strip()
    if not 0 < len(request_key) <= 200:
        raise Problem(400, "an order needs the header Idempotency-Key, up to 200 characters")
    card_token, customer = text("card"), _visits.customer()
    with _database.reading() as cursor:
        placed = purchase.asked_before(cursor, customer, request_key)
    if placed is None:
        placed = _place(customer, request_key)
    if _mine(placed, customer).state != "pending":
        return _answer(placed)
    return _pay(placed, card_token)


@app.get("/api/orders/<int:number>")
def look(number: int) -> ResponseReturnValue:
    with _database.reading() as cursor:
        found = _mine(purchase.numbered(cursor, number), _visits.customer())
        cursor.execute(
            "SELECT product, quantity, price_cents FROM order_lines WHERE order_number = %s "
            "ORDER BY product",
            (number,),
        )
        lines = [
            {"product": product, "quantity": quantity, "price_cents": price}
            for product, quantity, price in cursor.fetchall()
        ]
    return {**found.json(), "lines": lines}


@app.post("/api/orders/<int:number>/refund")
def refund(number: int) -> ResponseReturnValue:
    """Give the money back. Committed as refunding first, so that a crash is settled later."""
    with _database.reading() as cursor:
        _mine(purchase.numbered(cursor, number), _visits.customer())
    with _database.writing(proof=proof()) as cursor:
        found = purchase.begin_refund(cursor, number)
    if found.state == "refunding":
        status, told = send(f"{_parts.settings.payment}/refunds", {"order": number})
        if status != 200:
            raise Unanswered(f"refund of order {number}: status {status}")
        with _database.writing(proof=proof()) as cursor:
            found = purchase.settle_refund(cursor, number, refund=told["id"], at=told["at"])
    if found.state != "refunded":
        raise Problem(409, f"order {number} is {found.state} and cannot be refunded")
    return found.json()


def _place(customer: str, request_key: str) -> Order:
    cart = _visits.cart()
    if not cart:
        raise Problem(400, "the cart is empty")
    try:
        with _database.writing(proof=proof()) as cursor:
            return purchase.place(
                cursor, cart, customer=customer, request_key=request_key, proof=proof()
            )
    except psycopg2.errors.UniqueViolation:
        # The same key was placed between our look and our insert: that order is the one.
        with _database.reading() as cursor:
            placed = purchase.asked_before(cursor, customer, request_key)
        if placed is None:
            raise
        return placed
    except psycopg2.errors.ForeignKeyViolation:
        raise Problem(401, "this account is not known here", "sign up again") from None
    except purchase.OutOfStock as error:
        raise Problem(409, str(error), "take less of it") from error
    except purchase.UnknownProducts as error:
        raise Problem(409, str(error), "take it out of the cart") from error


def _pay(placed: Order, card_token: str) -> ResponseReturnValue:
    status, told = send(
        f"{_parts.settings.payment}/captures", {"order": placed.number, "card": card_token}
    )
    if status != 200:
        raise Unanswered(f"payment of order {placed.number}: status {status}")
    charge = card.charge(told)
    with _database.writing(proof=placed.proof) as cursor:
        settled = purchase.settle(cursor, placed.number, charge)
    if settled.state == "cancelled" and charge.outcome is card.Outcome.DECLINED:
        raise Problem(402, "the card was declined", "order again with another card and a new key")
    if settled.state == "paid":
        _empty_cart(placed)
    return _answer(settled)


def _empty_cart(placed: Order) -> None:
    # The order is committed and captured: a full cart is no reason to deny it.
    try:
        _visits.empty_cart(proof=placed.proof)
    except (redis.RedisError, Refused) as error:
        _log.warning("the cart of order %s stays full: %s", placed.number, error)


def _answer(found: Order) -> ResponseReturnValue:
    match found.state:
        case "paid":
            return found.json(), 201
        case "pending":
            raise Problem(503, f"order {found.number} is not settled yet", AGAIN)
        case "cancelled":
            raise Problem(
                409,
                f"order {found.number} was not paid and is cancelled",
                "order again with a new Idempotency-Key",
            )
        case _:
            return found.json(), 200


def _mine(found: Order | None, customer: str) -> Order:
    """An order of this customer, and of this proof where the request is one: a proof never
    touches a customer's order, nor a customer a proof's."""
    if found is None or found.customer != customer or found.proof != proof():
        raise Problem(404, "you have no such order")
    return found
