"""Asks the shop which promises it still knows, a few thousand at a time."""

from __future__ import annotations

from collections.abc import Sequence

from drkit.checking import Promise
from drkit.checking.customer import Customer

_AT_ONCE = 5000


def known(customer: Customer, kind: str, promises: Sequence[Promise]) -> set[str]:
    """The ids of ``promises`` that the shop knows as ``kind`` (orders, shipments, tickets)."""
    ids = [promise.id for promise in promises]
    found: set[str] = set()
    for start in range(0, len(ids), _AT_ONCE):
        body = {"kind": kind, "ids": ids[start : start + _AT_ONCE]}
        reply = customer.post("/api/recovery/known", step=f"ask for known {kind}", body=body)
        found.update(map(str, reply.json["known"]))
    return found
