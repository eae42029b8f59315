"""Payment: the one service that speaks to the card provider for the orders of its host.

    gunicorn shop.payment:app

What is due, and the key it is captured with, come from the database, never from the caller. It
keeps nothing: the orders service commits the outcome together with the order's state.
"""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from shop import health, purchase, service
from shop.purchase import Order
from shop.service import Problem, number, text

_LARGEST = 2**63 - 1
_parts = service.parts()
app = service.service("payment", _parts, needs=(health.database(_parts.database),))


@app.post("/captures")
def capture() -> ResponseReturnValue:
    """The outcome of the order's one key: captured, declined or void."""
    charge = _parts.card.capture(_order("pending", "paid").due, text("card"))
    return {"state": charge.outcome, "id": charge.id, "at": charge.at}


@app.post("/refunds")
def refund() -> ResponseReturnValue:
    refund, at = _parts.card.refund(_order("refunding", "refunded").due)
    return {"id": refund, "at": at}


def _order(*states: str) -> Order:
    wanted = number("order", smallest=1, largest=_LARGEST)
    with _parts.database.reading() as cursor:
        found = purchase.numbered(cursor, wanted)
    if found is None or found.state not in states:
        raise Problem(409, f"order {wanted} is not {' or '.join(states)}")
    return found
