"""Shipping: a paid order becomes a parcel with a tracking number, once.

    gunicorn shop.shipping:app

Its hosts have no way to Redis, so the customer is the one of the signed cookie.
"""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from shop import carrier, health, purchase, service
from shop.database import Cursor
from shop.purchase import Order
from shop.service import Problem, number, proof
from shop.visits import signed_customer

_LARGEST = 2**63 - 1
_parts = service.parts()
_database = _parts.database
app = service.service("shipping", _parts, needs=(health.database(_database),))


@app.post("/api/shipments")
def ship() -> ResponseReturnValue:
    order = number("order", smallest=1, largest=_LARGEST)
    with _database.writing(proof=proof()) as cursor:
        # The lock keeps a refund from passing between the look and the parcel.
        found = _mine(cursor, order, lock=True)
        parcel = carrier.of(cursor, order)
        if parcel is None:
            if found.state != "paid":
                raise Problem(409, f"order {order} is {found.state} and is not sent")
            parcel = carrier.begin(cursor, order, found.proof)
    tracking = parcel.tracking
    if tracking is None:
        tracking = _parts.carrier.announce(parcel)
        with _database.writing(proof=parcel.proof) as cursor:
            carrier.keep(cursor, order, tracking)
    return {"order": order, "tracking": tracking}, 201


@app.get("/api/shipments/<int:order>")
def track(order: int) -> ResponseReturnValue:
    with _database.reading() as cursor:
        _mine(cursor, order)
        parcel = carrier.of(cursor, order)
    if parcel is None or parcel.tracking is None:
        raise Problem(404, f"order {order} has not been sent")
    return {"order": order, "tracking": parcel.tracking}


def _mine(cursor: Cursor, wanted: int, *, lock: bool = False) -> Order:
    customer = signed_customer()
    found = purchase.numbered(cursor, wanted, lock=lock)
    if found is None or found.customer != customer or found.proof != proof():
        raise Problem(404, "you have no such order")
    return found
