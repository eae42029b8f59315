"""The card provider's books: a capture is an order that a customer has paid for.

Left out is what was given back, and what a proof has bought.
"""

from __future__ import annotations

from datetime import datetime

from checks.ledgers.entries import entries
from checks.ledgers.known import known
from drkit.checking import Books, Promise
from drkit.checking.customer import Customer
from drkit.model.quantities import Money


def promises(books: Books, since: datetime | None, until: datetime) -> list[Promise]:
    found = entries(books, since, until)
    returned = {entry.told["key"] for entry in found if entry.kind == "refund"}
    return [
        Promise(
            id=str(entry.told["order"]),
            at=entry.at,
            what=f"order {entry.told['order']}",
            amount=Money(int(entry.told["amount_cents"]), str(entry.told["currency"])),
        )
        for entry in found
        if entry.kind == "capture" and not entry.proof and entry.told["key"] not in returned
    ]


def kept(customer: Customer, promises: list[Promise]) -> set[str]:
    return known(customer, "orders", promises)
