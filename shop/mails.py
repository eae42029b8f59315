"""Mails: written in the transaction of what they tell about, sent by the worker, each once.

Once, because the mailbox knows each mail's key: one that was sent by a site that is lost, and is
unsent in the restored database, is not delivered again.
"""

from __future__ import annotations

from dataclasses import dataclass

from shop.database import Cursor
from shop.outside import Outside, Unanswered

_PATIENCE = 5.0
"""Seconds until a mail that was not taken is tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    key: str
    recipient: str
    subject: str
    text: str
    order: int | None
    ticket: str | None
    proof: str | None


class Mailbox:
    def __init__(self, url: str, outside: Outside) -> None:
        self._url = url
        self._outside = outside

    def send(self, mail: Mail) -> None:
        """Safe to repeat. Raises as :meth:`Outside.post`."""
        status, _ = self._outside.post(
            f"{self._url}/mails",
            {
                "key": mail.key,
                "to": mail.recipient,
                "subject": mail.subject,
                "text": mail.text,
                "order": mail.order,
                "ticket": mail.ticket,
            },
            proof=mail.proof,
        )
        if status not in (200, 201):
            raise Unanswered(f"mail {mail.key}: status {status}")


def next_due(cursor: Cursor, *, proofs_only: bool) -> Mail | None:
    """The mail that waits longest, put off for a while so that one that cannot be sent does not
    hold up the others; :func:`sent` takes it from the queue."""
    cursor.execute(
        "UPDATE mails SET due_at = clock_timestamp() + %s * interval '1 second' WHERE key = ("
        "  SELECT key FROM mails WHERE sent_at IS NULL AND due_at <= clock_timestamp()"
        "  AND (proof IS NOT NULL OR NOT %s) ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED"
        ") RETURNING key::text, recipient, subject, text, order_number, ticket::text, proof",
        (_PATIENCE, proofs_only),
    )
    row = cursor.fetchone()
    if row is None:
        return None
    key, recipient, subject, text, order, ticket, proof = row
    return Mail(
        key=key,
        recipient=recipient,
        subject=subject,
        text=text,
        order=order,
        ticket=ticket,
        proof=proof,
    )


def sent(cursor: Cursor, key: str) -> None:
    cursor.execute(
        "UPDATE mails SET sent_at = clock_timestamp() WHERE key = %s AND sent_at IS NULL", (key,)
    )
