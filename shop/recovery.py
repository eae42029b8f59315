"""Which promises does this shop still know? Asked after a restore, with the ledgers in hand.

Only the proof of a run may ask: the answer tells which order numbers exist.
"""

from __future__ import annotations

import uuid
from typing import Any

from flask.typing import ResponseReturnValue

from shop.database import Database

_MOST = 10_000
_QUESTIONS = {
    # A cancelled order was never promised. A pending one still is: it is settled by its key.
    "orders": "SELECT number FROM orders WHERE number = ANY(%s) AND state <> 'cancelled'",
    "shipments": "SELECT order_number FROM shipments WHERE order_number = ANY(%s)",
    "tickets": "SELECT id::text FROM tickets WHERE id = ANY(%s::uuid[])",
}


def known(database: Database, proof: str | None, asked: Any) -> ResponseReturnValue:
    """Of ``asked`` {kind, ids}, the ids that are here, in the order they were asked for."""
    if proof is None:
        return {"error": "only the proof of a recovery run may ask"}, 403
    kind = asked.get("kind") if isinstance(asked, dict) else None
    ids = asked.get("ids") if isinstance(asked, dict) else None
    if kind not in _QUESTIONS or not isinstance(ids, list) or len(ids) > _MOST:
        kinds = ", ".join(_QUESTIONS)
        return {"error": f"give a kind ({kinds}) and up to {_MOST} ids"}, 400
    wanted = {name: key for name in ids if (key := _key(kind, name)) is not None}
    with database.reading() as cursor:
        cursor.execute(_QUESTIONS[kind], (list(wanted.values()),))
        here = {row[0] for row in cursor.fetchall()}
    return {"known": [name for name, key in wanted.items() if key in here]}, 200


def _key(kind: str, name: object) -> int | str | None:
    """``name`` as the table holds it; None where it can be the name of nothing."""
    try:
        if kind != "tickets":
            number = int(str(name))
            return number if 0 < number < 2**63 else None
        return str(uuid.UUID(str(name)))
    except ValueError:
        return None
