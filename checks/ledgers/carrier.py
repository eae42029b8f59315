"""The carrier's books: a parcel that was announced is a shipment that a customer was promised."""

from __future__ import annotations

from datetime import datetime

from checks.ledgers.entries import entries
from checks.ledgers.known import known
from drkit.checking import Books, Promise
from drkit.checking.customer import Customer


def promises(books: Books, since: datetime | None, until: datetime) -> list[Promise]:
    return [
        Promise(id=str(entry.told["order"]), at=entry.at, what=f"parcel of {entry.told['order']}")
        for entry in entries(books, since, until)
        if entry.kind == "shipment" and not entry.proof
    ]


def kept(customer: Customer, promises: list[Promise]) -> set[str]:
    return known(customer, "shipments", promises)
