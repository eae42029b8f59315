"""A carrier in a drill: a parcel gets one tracking number, however often it is announced."""

from __future__ import annotations

from typing import Any


def answer(asked: Any, earlier: Any) -> tuple[int, Any]:
    if (asked.method, asked.path) != ("POST", "/shipments"):
        return 404, {"error": f"a carrier does not know {asked.method} {asked.path}"}
    key, order = asked.take("key", str), asked.take("order", int)
    if before := earlier.answer_about(key, "/shipments"):
        return 200, before
    number = f"shi_{len(earlier) + 1:08d}"
    return 201, {"kind": "shipment", "key": key, "order": order, "id": number, "tracking": number}
