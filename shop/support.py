"""Support: a customer opens a ticket and is sent a mail that it was taken.

    gunicorn shop.support:app

Ticket and mail are one commit; the worker sends the mail. Its hosts have no way to Redis, so the
customer is the one of the signed cookie.
"""

from __future__ import annotations

import uuid

from flask import request
from flask.typing import ResponseReturnValue

from shop import health, purchase, service
from shop.database import Cursor
from shop.service import Problem, number, proof, text
from shop.visits import signed_customer

_LARGEST = 2**63 - 1
_parts = service.parts()
_database = _parts.database
app = service.service("support", _parts, needs=(health.database(_database),))


@app.post("/api/tickets")
def open_ticket() -> ResponseReturnValue:
    """A ticket about an order of the customer's, or about none where ``order`` is left out.

    The same Idempotency-Key always leads to the same ticket. It may be left out, and then who asks
    again after a 503 may open a second one.
    """
    customer, words = signed_customer(), text("text", longest=4000)
    key = request.headers.get("Idempotency-Key", "").strip() or None
    if key and len(key) > 200:
        raise Problem(400, "the header Idempotency-Key has up to 200 characters")
    about = "order" in request.get_json()
    order = number("order", smallest=1, largest=_LARGEST) if about else None
    with _database.writing(proof=proof()) as cursor:
        if order is not None:
            _must_be_mine(cursor, order, customer)
        ticket = _write(cursor, customer, key, order, words)
        if ticket is None:
            return _asked_before(cursor, customer, key), 201
    return {"id": ticket, "order": order}, 201


def _write(
    cursor: Cursor, customer: str, key: str | None, order: int | None, words: str
) -> str | None:
    """The new ticket and its mail; None where this customer has opened one with this key."""
    cursor.execute("SELECT email FROM customers WHERE id = %s", (customer,))
    if (known := cursor.fetchone()) is None:
        raise Problem(401, "this account is not known here", "sign up again")
    cursor.execute(
        "INSERT INTO tickets (customer, request_key, order_number, text, proof) "
        "VALUES (%s, %s, %s, %s, %s) ON CONFLICT (customer, request_key) DO NOTHING "
        "RETURNING id::text",
        (customer, key, order, words, proof()),
    )
    if (row := cursor.fetchone()) is None:
        return None
    cursor.execute(
        "INSERT INTO mails (recipient, subject, text, order_number, ticket, proof) "
        "VALUES (%s, %s, %s, %s, %s, %s)",
        (known[0], "We have your question", words, order, row[0], proof()),
    )
    return str(row[0])


def _asked_before(cursor: Cursor, customer: str, key: str | None) -> dict[str, object]:
    cursor.execute(
        "SELECT id::text, order_number FROM tickets WHERE customer = %s AND request_key = %s "
        "AND proof IS NOT DISTINCT FROM %s",
        (customer, key, proof()),
    )
    if (row := cursor.fetchone()) is None:
        raise Problem(409, "this Idempotency-Key is used up", "ask again with a new one")
    return {"id": row[0], "order": row[1]}


@app.get("/api/tickets/<uuid:ticket>")
def look(ticket: uuid.UUID) -> ResponseReturnValue:
    with _database.reading() as cursor:
        cursor.execute(
            "SELECT order_number, text, opened_at FROM tickets WHERE id = %s AND customer = %s "
            "AND proof IS NOT DISTINCT FROM %s",
            (str(ticket), signed_customer(), proof()),
        )
        row = cursor.fetchone()
    if row is None:
        raise Problem(404, "you have no such ticket")
    order, words, at = row
    return {"id": str(ticket), "order": order, "text": words, "at": at.isoformat()}


def _must_be_mine(cursor: Cursor, wanted: int, customer: str) -> None:
    found = purchase.numbered(cursor, wanted)
    if found is None or found.customer != customer or found.proof != proof():
        raise Problem(404, "you have no such order")
