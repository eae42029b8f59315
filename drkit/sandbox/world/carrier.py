"""A carrier: a parcel gets a tracking number, the same one however often it is announced."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from flask import Flask
from flask.typing import ResponseReturnValue

from drkit.sandbox.world.ledger import Ledger
from drkit.sandbox.world.partner import asked, caller, partner


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    order: int
    key: str
    proof: str | None = None


def app(ledger: Ledger, *, latency: timedelta = timedelta()) -> Flask:
    carrier = partner("carrier", ledger, latency=latency)
    carrier.add_url_rule("/shipments", "ship", lambda: _ship(ledger), methods=["POST"])
    return carrier


def _ship(ledger: Ledger) -> ResponseReturnValue:
    parcel = asked(Parcel)
    told = {"order": parcel.order, "proof": parcel.proof, "caller": caller()}
    entry, new = ledger.write_once("shipment", parcel.key, kind="shipment", told=told)
    return {**entry.json(), "tracking": entry.id}, 201 if new else 200
