"""Parcels: a row with a key is committed first, then the carrier is asked, then its number kept.

The carrier gives the same number for the same key, so whoever finds a row without one asks again.
"""

from __future__ import annotations

from dataclasses import dataclass

from shop.database import Cursor
from shop.outside import Outside, Unanswered


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    order: int
    key: str
    tracking: str | None
    proof: str | None


class Carrier:
    def __init__(self, url: str, outside: Outside) -> None:
        self._url = url
        self._outside = outside

    def announce(self, parcel: Parcel) -> str:
        """The tracking number, the same at each repeat. Raises as :meth:`Outside.post`."""
        status, told = self._outside.post(
            f"{self._url}/shipments",
            {"order": parcel.order, "key": parcel.key},
            proof=parcel.proof,
        )
        if status not in (200, 201):
            raise Unanswered(f"parcel of order {parcel.order}: status {status}")
        return str(told["tracking"])


_PARCEL = "SELECT order_number, key::text, tracking, proof FROM shipments "


def begin(cursor: Cursor, order: int, proof: str | None) -> Parcel:
    """The parcel of an order, made if it is not there. The caller holds the order's lock."""
    cursor.execute(
        "INSERT INTO shipments (order_number, proof) VALUES (%s, %s) "
        "ON CONFLICT (order_number) DO NOTHING",
        (order, proof),
    )
    parcel = of(cursor, order)
    if parcel is None:
        raise LookupError(f"no parcel of order {order}")
    return parcel


def of(cursor: Cursor, order: int) -> Parcel | None:
    cursor.execute(_PARCEL + "WHERE order_number = %s", (order,))
    row = cursor.fetchone()
    return None if row is None else _parcel(*row)


def keep(cursor: Cursor, order: int, tracking: str) -> None:
    cursor.execute(
        "UPDATE shipments SET tracking = %s WHERE order_number = %s AND tracking IS NULL",
        (tracking, order),
    )


def unannounced(cursor: Cursor, *, older_than: float) -> list[Parcel]:
    """Parcels that have had no number for that many seconds, the oldest first."""
    cursor.execute(
        _PARCEL + "WHERE tracking IS NULL "
        "AND asked_at <= clock_timestamp() - %s * interval '1 second' "
        "ORDER BY asked_at LIMIT 100",
        (older_than,),
    )
    return [_parcel(*row) for row in cursor.fetchall()]


def _parcel(order: int, key: str, tracking: str | None, proof: str | None) -> Parcel:
    return Parcel(order=order, key=key, tracking=tracking, proof=proof)
