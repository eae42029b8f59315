"""The mailbox: a mail about a ticket tells a customer that the question has arrived."""

from __future__ import annotations

from datetime import datetime

from checks.ledgers.entries import entries
from checks.ledgers.known import known
from drkit.checking import Books, Promise
from drkit.checking.customer import Customer


def promises(books: Books, since: datetime | None, until: datetime) -> list[Promise]:
    first: dict[str, Promise] = {}
    for entry in entries(books, since, until):
        ticket = entry.told.get("ticket")
        if ticket and not entry.proof:
            promise = Promise(id=str(ticket), at=entry.at, what=f"ticket {ticket}")
            first.setdefault(promise.id, promise)
    return list(first.values())


def kept(customer: Customer, promises: list[Promise]) -> set[str]:
    return known(customer, "tickets", promises)
