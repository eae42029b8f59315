"""The life of an order in the database: placed, then paid or cancelled, perhaps refunded.

The order of things keeps the promise. First the order, its lines, its key at the card provider and
the reserved stock are committed as ``pending``; only then is the provider asked; only then is the
order committed as ``paid``, and only then is the customer told. A crash anywhere leaves a row that
says what to ask next. These functions work in the caller's transaction and commit nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shop.card import Charge, Outcome, Sum
from shop.database import Cursor


class OutOfStock(Exception):
    def __init__(self, products: tuple[str, ...]) -> None:
        super().__init__(f"not enough in stock: {', '.join(products)}")
        self.products = products


class UnknownProducts(Exception):
    """The cart holds what the catalogue does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    number: int
    customer: str
    state: str
    total_cents: int
    currency: str
    placed_at: datetime
    proof: str | None
    key: str
    """The order's one key at the card provider."""

    @property
    def due(self) -> Sum:
        return Sum(
            order=self.number,
            key=self.key,
            amount_cents=self.total_cents,
            currency=self.currency,
            proof=self.proof,
        )

    def json(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "total_cents": self.total_cents,
            "currency": self.currency,
            "state": self.state,
            "at": self.placed_at.isoformat(),
        }


_ORDER = """
    SELECT number, customer::text, state, total_cents, currency, placed_at, proof, key::text
    FROM orders JOIN payments ON order_number = number
"""


def numbered(cursor: Cursor, number: int, *, lock: bool = False) -> Order | None:
    """The order, held against every other change of it where ``lock``."""
    cursor.execute(_ORDER + "WHERE number = %s" + (" FOR UPDATE" if lock else ""), (number,))
    return _order(cursor.fetchone())


def asked_before(cursor: Cursor, customer: str, request_key: str) -> Order | None:
    """The order that this customer placed with this Idempotency-Key."""
    cursor.execute(_ORDER + "WHERE customer = %s AND request_key = %s", (customer, request_key))
    return _order(cursor.fetchone())


def place(
    cursor: Cursor, cart: Mapping[str, int], *, customer: str, request_key: str, proof: str | None
) -> Order:
    """A pending order of ``cart`` (product → quantity), its stock reserved.

    The products are locked in one order for everybody, so that buyers wait for each other and
    never for themselves. A proof reserves nothing. Raises :class:`OutOfStock`,
    :class:`UnknownProducts`, and UniqueViolation where the same key is placed at this moment.
    """
    cursor.execute(
        "SELECT id, price_cents, stock FROM products WHERE id = ANY(%s) ORDER BY id FOR UPDATE",
        (list(cart),),
    )
    found = {product: (price, stock) for product, price, stock in cursor.fetchall()}
    if unknown := sorted(set(cart) - set(found)):
        raise UnknownProducts(f"not in the catalogue: {', '.join(unknown)}")
    short = tuple(product for product, (_, stock) in found.items() if stock < cart[product])
    if short and not proof:
        raise OutOfStock(short)
    total = sum(price * cart[product] for product, (price, _) in found.items())
    cursor.execute(
        "INSERT INTO orders (customer, request_key, total_cents, proof) VALUES (%s, %s, %s, %s) "
        "RETURNING number",
        (customer, request_key, total, proof),
    )
    (number,) = cursor.fetchone() or (0,)
    for product, (price, _) in found.items():
        cursor.execute(
            "INSERT INTO order_lines VALUES (%s, %s, %s, %s)",
            (number, product, cart[product], price),
        )
        if not proof:
            cursor.execute(
                "UPDATE products SET stock = stock - %s WHERE id = %s", (cart[product], product)
            )
    cursor.execute("INSERT INTO payments (order_number) VALUES (%s)", (number,))
    return _existing(cursor, number)


def settle(cursor: Cursor, number: int, charge: Charge) -> Order:
    """Write down what became of a pending order; one that is settled already stays as it is."""
    order = _existing(cursor, number, lock=True)
    if order.state != "pending":
        return order
    if charge.outcome is Outcome.CAPTURED:
        cursor.execute(
            "UPDATE payments SET capture = %s, captured_at = %s WHERE order_number = %s",
            (charge.id, charge.at, number),
        )
        _confirm(cursor, order)
        return _become(cursor, number, "paid")
    if not order.proof:
        _restock(cursor, number)
    return _become(cursor, number, "cancelled")


def begin_refund(cursor: Cursor, number: int) -> Order:
    """A paid order is ``refunding``: its goods are for sale again unless they were sent."""
    order = _existing(cursor, number, lock=True)
    if order.state != "paid":
        return order
    cursor.execute("SELECT 1 FROM shipments WHERE order_number = %s", (number,))
    if cursor.fetchone() is None and not order.proof:
        _restock(cursor, number)
    return _become(cursor, number, "refunding")


def settle_refund(cursor: Cursor, number: int, *, refund: str, at: str) -> Order:
    order = _existing(cursor, number, lock=True)
    if order.state != "refunding":
        return order
    cursor.execute(
        "UPDATE payments SET refund = %s, refunded_at = %s WHERE order_number = %s",
        (refund, at, number),
    )
    return _become(cursor, number, "refunded")


def unsettled(cursor: Cursor, state: str, *, older_than: float) -> list[Order]:
    """Orders that have been in ``state`` for that many seconds, the oldest first."""
    cursor.execute(
        _ORDER + "WHERE state = %s AND changed_at <= clock_timestamp() - %s * interval '1 second' "
        "ORDER BY changed_at LIMIT 100",
        (state, older_than),
    )
    return [_known(row) for row in cursor.fetchall()]


def _become(cursor: Cursor, number: int, state: str) -> Order:
    cursor.execute(
        "UPDATE orders SET state = %s, changed_at = clock_timestamp() WHERE number = %s",
        (state, number),
    )
    return _existing(cursor, number)


def _restock(cursor: Cursor, number: int) -> None:
    # Locked in the order that place() locks in; an UPDATE alone may take them in any order.
    cursor.execute(
        "SELECT id FROM products JOIN order_lines ON product = id WHERE order_number = %s "
        "ORDER BY id FOR UPDATE OF products",
        (number,),
    )
    cursor.execute(
        "UPDATE products SET stock = stock + quantity FROM order_lines "
        "WHERE product = id AND order_number = %s",
        (number,),
    )


def _confirm(cursor: Cursor, order: Order) -> None:
    cursor.execute(
        "INSERT INTO mails (recipient, subject, text, order_number, proof) "
        "SELECT email, %s, %s, %s, %s FROM customers WHERE id = %s",
        (
            f"Your order {order.number}",
            f"Thank you. We received {order.total_cents / 100:.2f} {order.currency}.",
            order.number,
            order.proof,
            order.customer,
        ),
    )


def _existing(cursor: Cursor, number: int, *, lock: bool = False) -> Order:
    order = numbered(cursor, number, lock=lock)
    if order is None:
        raise LookupError(f"no order {number}")
    return order


def _order(row: tuple[Any, ...] | None) -> Order | None:
    return None if row is None else _known(row)


def _known(row: tuple[Any, ...]) -> Order:
    number, customer, state, total, currency, placed_at, proof, key = row
    return Order(
        number=number,
        customer=customer,
        state=state,
        total_cents=total,
        currency=currency,
        placed_at=placed_at,
        proof=proof,
        key=key,
    )
