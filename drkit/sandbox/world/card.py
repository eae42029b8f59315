"""A card provider: each key has one outcome, captured, declined or void, and keeps it.

Any card is good but those that begin with ``tok_declined``. A key that comes again with another
amount or order is refused: that is a mistake of the caller, and no second charge.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from flask import Flask
from flask.typing import ResponseReturnValue

from drkit.sandbox.world.ledger import Entry, Ledger
from drkit.sandbox.world.partner import asked, caller, partner

_STATES = {"capture": "captured", "declined": "declined", "void": "void"}
_REPEATED = {"capture": 200, "declined": 402, "void": 409}


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    order: int
    amount_cents: int
    currency: str
    key: str
    card: str = ""
    proof: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Void:
    key: str
    order: int
    proof: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """Of the capture with this key, else of this order's."""

    key: str | None = None
    order: int | None = None
    proof: str | None = None


def app(ledger: Ledger, *, latency: timedelta = timedelta()) -> Flask:
    provider = partner("card", ledger, latency=latency)
    provider.add_url_rule("/captures", "capture", lambda: _capture(ledger), methods=["POST"])
    provider.add_url_rule("/voids", "void", lambda: _void(ledger), methods=["POST"])
    provider.add_url_rule("/refunds", "refund", lambda: _refund(ledger), methods=["POST"])
    return provider


def _capture(ledger: Ledger) -> ResponseReturnValue:
    wanted = asked(Capture)
    if wanted.amount_cents <= 0:
        raise ValueError("amount_cents must be more than 0")
    told = {
        "order": wanted.order,
        "amount_cents": wanted.amount_cents,
        "currency": wanted.currency,
        "proof": wanted.proof,
        "caller": caller(),
    }
    kind = "declined" if wanted.card.startswith("tok_declined") else "capture"
    entry, new = ledger.write_once("charge", wanted.key, kind=kind, told=told)
    if entry.kind == "capture" and not _same(entry, wanted):
        return {"error": f"key {wanted.key} belongs to another order or amount"}, 422
    return _outcome(entry), 201 if new and kind == "capture" else _REPEATED[entry.kind]


def _void(ledger: Ledger) -> ResponseReturnValue:
    wanted = asked(Void)
    told = {"order": wanted.order, "proof": wanted.proof, "caller": caller()}
    entry, _ = ledger.write_once("charge", wanted.key, kind="void", told=told)
    return _outcome(entry), 200


def _refund(ledger: Ledger) -> ResponseReturnValue:
    wanted = asked(Refund)
    capture = _captured(ledger, wanted)
    if capture is None:
        return {"error": "nothing was captured with this key or for this order"}, 404
    told = {**capture.told, "proof": wanted.proof, "caller": caller()}
    entry, new = ledger.write_once("refund", capture.key, kind="refund", told=told)
    return {**entry.json(), "state": "refunded"}, 201 if new else 200


def _captured(ledger: Ledger, wanted: Refund) -> Entry | None:
    if wanted.key is not None:
        found = ledger.find("charge", wanted.key)
        return found if found is not None and found.kind == "capture" else None
    entries = (entry for entry in ledger.entries() if entry.kind == "capture")
    return next((entry for entry in entries if entry.told["order"] == wanted.order), None)


def _same(entry: Entry, wanted: Capture) -> bool:
    before = (entry.told["order"], entry.told["amount_cents"], entry.told["currency"])
    return before == (wanted.order, wanted.amount_cents, wanted.currency)


def _outcome(entry: Entry) -> dict[str, object]:
    return {**entry.json(), "state": _STATES[entry.kind]}
