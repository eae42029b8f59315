"""A mailbox: takes mails for everybody, each key once, and delivers them to nobody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from flask import Flask
from flask.typing import ResponseReturnValue

from drkit.sandbox.world.ledger import Ledger
from drkit.sandbox.world.partner import asked, caller, partner


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    to: str
    subject: str
    text: str
    key: str
    order: int | None = None
    """What it is about, where it is about an order or a ticket."""
    ticket: str | None = None
    proof: str | None = None


def app(ledger: Ledger, *, latency: timedelta = timedelta()) -> Flask:
    mailbox = partner("mailbox", ledger, latency=latency)
    mailbox.add_url_rule("/mails", "take", lambda: _take(ledger), methods=["POST"])
    return mailbox


def _take(ledger: Ledger) -> ResponseReturnValue:
    mail = asked(Mail)
    told = {
        "to": mail.to,
        "subject": mail.subject,
        "text": mail.text,
        "order": mail.order,
        "ticket": mail.ticket,
        "proof": mail.proof,
        "caller": caller(),
    }
    entry, new = ledger.write_once("mail", mail.key, kind="mail", told=told)
    return entry.json(), 201 if new else 200
