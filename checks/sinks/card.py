"""A card provider in a drill: each key has one outcome, captured, declined or void, and keeps it.

As the real one: any card is good but those that begin with ``tok_declined``; a key that comes again
with another amount or order is a mistake of the caller, and no second charge.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

_CHARGES = ("/captures", "/voids")
_REPEATED = {"captured": 200, "declined": 402, "void": 409}


def answer(asked: Any, earlier: Any) -> tuple[int, Any]:
    match asked.method, asked.path:
        case "POST", "/captures":
            return _capture(asked, earlier)
        case "POST", "/voids":
            key, order = asked.take("key", str), asked.take("order", int)
            before = earlier.answer_about(key, *_CHARGES)
            return 200, before or _entry(earlier, "void", "void", key=key, order=order)
        case "POST", "/refunds":
            return _refund(asked, earlier)
        case _:
            return 404, {"error": f"a card provider does not know {asked.method} {asked.path}"}


def _capture(asked: Any, earlier: Any) -> tuple[int, Any]:
    key = asked.take("key", str)
    due = {name: asked.take(name, int) for name in ("order", "amount_cents")}
    due |= {"currency": asked.take("currency", str)}
    if due["amount_cents"] <= 0:
        raise ValueError("amount_cents must be more than 0")
    if before := earlier.answer_about(key, *_CHARGES):
        if before["state"] == "captured" and not before.items() >= due.items():
            return 422, {"error": f"key {key} belongs to another order or amount"}
        return _REPEATED[before["state"]], before
    told = {**due, "proof": asked.body.get("proof")}
    if str(asked.body.get("card")).startswith("tok_declined"):
        return 402, _entry(earlier, "declined", "declined", key=key, **told)
    return 201, _entry(earlier, "capture", "captured", key=key, **told)


def _refund(asked: Any, earlier: Any) -> tuple[int, Any]:
    """Of the capture with this key, else of this order's."""
    body = asked.body if isinstance(asked.body, dict) else {}
    wanted = "key" if body.get("key") else "order"
    captured = [e.answer for e in earlier if e.asked.path == "/captures" and e.status < 300]
    found = [one for one in captured if one[wanted] == body.get(wanted)]
    if not found:
        return 404, {"error": "nothing was captured with this key or for this order"}
    if before := earlier.answer_about(found[0]["key"], "/refunds"):
        return 200, before
    told = {**found[0], "proof": body.get("proof")}
    return 201, {**told, **_entry(earlier, "refund", "refunded", key=told["key"])}


def _entry(earlier: Any, kind: str, state: str, **told: object) -> dict[str, object]:
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    number = f"{kind[:3]}_{len(earlier) + 1:08d}"
    return {**told, "kind": kind, "state": state, "id": number, "at": at}
