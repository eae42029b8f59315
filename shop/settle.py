"""Settles what a crash or a silent partner left half done: by asking again with the same key.

Each is taken alone, and one that cannot be settled now does not keep the others from it. Two
workers at once do no harm: keys have one outcome, and a row changes its state once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

from psycopg2.errors import DeadlockDetected, LockNotAvailable, QueryCanceled

from shop import carrier, purchase
from shop.carrier import Parcel
from shop.outside import Unanswered
from shop.purchase import Order
from shop.service import Parts

_log = logging.getLogger(__name__)
_BUSY = (LockNotAvailable, QueryCanceled, DeadlockDetected)
"""Of one row that somebody holds; a database that is gone would be gone for the others, too."""


def everything(parts: Parts, *, older_than: float) -> int:
    """Settle all that has hung for that many seconds; how much was.

    A capture that nobody heard of is voided, which tells whether there was one: the customer was
    promised nothing, so nothing is charged now. A refund or a parcel was asked for and is asked
    for again. Raises :class:`shop.fence.Refused` where this host may not write.
    """
    parts.fence.ask(None)
    with parts.database.reading() as cursor:
        captures = purchase.unsettled(cursor, "pending", older_than=older_than)
        refunds = purchase.unsettled(cursor, "refunding", older_than=older_than)
        parcels = carrier.unannounced(cursor, older_than=older_than)
    asked = [
        *(partial(_capture, parts, order) for order in captures),
        *(partial(_refund, parts, order) for order in refunds),
        *(partial(_parcel, parts, parcel) for parcel in parcels),
    ]
    return sum(_alone(settle) for settle in asked)


def _alone(settle: Callable[[], str]) -> bool:
    try:
        _log.info("%s", settle())
    except (Unanswered, *_BUSY) as error:
        _log.warning("not settled yet: %s", str(error).strip() or type(error).__name__)
        return False
    return True


def _capture(parts: Parts, order: Order) -> str:
    charge = parts.card.void(order.due)
    with parts.database.writing() as cursor:
        settled = purchase.settle(cursor, order.number, charge)
    return f"order {order.number} was pending and is {settled.state}"


def _refund(parts: Parts, order: Order) -> str:
    refund, at = parts.card.refund(order.due)
    with parts.database.writing() as cursor:
        purchase.settle_refund(cursor, order.number, refund=refund, at=at)
    return f"order {order.number} was to be refunded and is"


def _parcel(parts: Parts, parcel: Parcel) -> str:
    tracking = parts.carrier.announce(parcel)
    with parts.database.writing() as cursor:
        carrier.keep(cursor, parcel.order, tracking)
    return f"order {parcel.order} was to be sent and is"
