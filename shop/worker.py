"""The worker: sends the mails that wait, and settles what a crash left half done.

    python3 -m shop.worker

It stands still while the site is closed: then it sends the mails of proofs only, and settles
nothing. Fenced, it does nothing at all. Its queue is the database, so it has nothing to lose.
"""

from __future__ import annotations

import logging
import signal
import threading

import psycopg2

from shop import mails, service, settle
from shop.fence import Refused, Stand
from shop.outside import Unanswered
from shop.service import Parts

PATIENCE = 30.0
"""Seconds that an order may hang before it is settled: longer than any request takes."""
_PAUSE = 1.0

_log = logging.getLogger(__name__)


def work(parts: Parts) -> bool:
    """One round. Whether something was done, and so perhaps more is to do."""
    stand, _ = parts.fence.stand()
    if stand is Stand.FENCED:
        return False
    sent = _send_next(parts, proofs_only=stand is Stand.CLOSED)
    settled = settle.everything(parts, older_than=PATIENCE) if stand is Stand.OPEN else 0
    return sent or settled > 0


def main() -> None:
    """Work until SIGTERM or SIGINT; a round under way is ended first."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    stopped = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stopped.set())
    parts = service.parts()
    while not stopped.is_set():
        try:
            more = work(parts)
        except (Refused, psycopg2.OperationalError, psycopg2.InterfaceError) as error:
            _log.warning("tried again soon: %s", str(error).strip() or type(error).__name__)
            more = False
        if not more:
            stopped.wait(_PAUSE)


def _send_next(parts: Parts, *, proofs_only: bool) -> bool:
    # As the one who asks, only as a proof where nothing else may pass: the fence decides.
    proof = "of any run" if proofs_only else None
    with parts.database.writing(proof=proof) as cursor:
        mail = mails.next_due(cursor, proofs_only=proofs_only)
    if mail is None:
        return False
    try:
        parts.mailbox.send(mail)
    except Unanswered as error:
        # It is due again soon. A mailbox that is down is no reason to leave orders unsettled.
        _log.warning("not sent yet: %s", error)
        return False
    with parts.database.writing(proof=mail.proof) as cursor:
        mails.sent(cursor, mail.key)
    return True


if __name__ == "__main__":
    main()
