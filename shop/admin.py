"""The operator's side of the shop, for playbooks: python3 -m shop.admin VERB. Answers in JSON.

    init               schema and catalogue, where they are not yet
    highest-number     the highest order number that this database shows as given out
    skip-numbers N     order numbers go on past that one, by N, after a restore
    counts             rows and sums of every table, in one snapshot, for a backup's manifest
    pending            orders whose capture is not settled
    reconcile          settle them now: what the worker does, without its patience

init and skip-numbers belong to the building of a site and run while it is closed; nothing runs on
a host that is fenced.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

import psycopg2

from shop import service, settle
from shop.database import Connection, Cursor, one
from shop.fence import Fence, Refused, Stand
from shop.settings import EPOCH_SOCKET

_HERE = Path(__file__).parent
_SUMS = {
    "products": ("stock",),
    "customers": (),
    "orders": ("number", "total_cents"),
    "order_lines": ("quantity", "price_cents * quantity"),
    "payments": (),
    "shipments": (),
    "tickets": (),
    "mails": (),
    "number_jumps": (),
}


def init(cursor: Cursor) -> dict[str, Any]:
    """Make what is missing of schema and catalogue; a product that is there keeps its stock."""
    cursor.execute("SELECT pg_advisory_xact_lock(hashtext('shop.admin init'))")
    cursor.execute("SELECT to_regclass('products') IS NULL")
    fresh = bool(one(cursor))
    if fresh:
        cursor.execute((_HERE / "schema.sql").read_text(encoding="utf-8"))
    added = 0
    for position, product in enumerate(json.loads((_HERE / "catalogue.json").read_text("utf-8"))):
        cursor.execute(
            "INSERT INTO products (id, name, text, image, price_cents, stock, position) VALUES "
            "(%(id)s, %(name)s, %(text)s, %(image)s, %(price_cents)s, %(stock)s, %(position)s) "
            "ON CONFLICT (id) DO NOTHING",
            {**product, "position": position},
        )
        added += cursor.rowcount
    return {"changed": fresh or added > 0, "schema": fresh, "products": added}


def highest_number(cursor: Cursor) -> int:
    """The higher of the table's and the sequence's own: a site that jumped, opened and was lost
    before it archived an order has given out numbers that no table shows."""
    cursor.execute(
        "SELECT greatest(last_value, (SELECT coalesce(max(number), 0) FROM orders)) "
        "FROM order_numbers"
    )
    return int(one(cursor))


def skip_numbers(
    cursor: Cursor, distance: int, run: str | None, *, at_least: int = 0
) -> dict[str, Any]:
    """Set the sequence past the highest number that is known, by ``distance``; not below
    ``at_least``, because a database does not know what was given out after its recovery point.

    With ``run``, a repeat by the same run changes nothing, unless it is now told a higher one.
    """
    cursor.execute("LOCK TABLE number_jumps IN EXCLUSIVE MODE")
    cursor.execute("SELECT next FROM number_jumps WHERE run = %s", (run,))
    before = cursor.fetchone()
    if before is not None and before[0] >= at_least:
        return {"changed": False, "next": before[0]}
    following = max(highest_number(cursor) + max(distance, 1), at_least)
    cursor.execute("SELECT setval('order_numbers', %s, false)", (following,))
    cursor.execute(
        "INSERT INTO number_jumps (run, next) VALUES (coalesce(%s, gen_random_uuid()::text), %s) "
        "ON CONFLICT (run) DO UPDATE SET next = excluded.next, at = clock_timestamp()",
        (run, following),
    )
    return {"changed": True, "next": following}


def counts(cursor: Cursor) -> dict[str, Any]:
    """Table → rows and sums; of the orders also the highest number, and rows by state."""
    told: dict[str, Any] = {}
    for table, sums in _SUMS.items():
        columns = ["count(*)", *(f"coalesce(sum({column}), 0)" for column in sums)]
        cursor.execute(f"SELECT {', '.join(columns)} FROM {table}")  # noqa: S608 (names are ours)
        rows, *added = cursor.fetchall()[0]
        told[table] = {"rows": rows, "sums": dict(zip(sums, map(int, added), strict=True))}
    cursor.execute("SELECT max(number) FROM orders")
    told["orders"]["highest"] = one(cursor)
    cursor.execute("SELECT state, count(*) FROM orders GROUP BY state ORDER BY state")
    told["orders"]["states"] = dict(cursor.fetchall())
    cursor.execute("SELECT clock_timestamp()")
    return {"at": one(cursor).isoformat(), "tables": told}


def pending(cursor: Cursor) -> list[dict[str, Any]]:
    cursor.execute(
        "SELECT number, state, total_cents, changed_at, proof FROM orders "
        "WHERE state IN ('pending', 'refunding') ORDER BY number"
    )
    return [
        {"number": number, "state": state, "total_cents": total, "since": at.isoformat()}
        | ({"proof": proof} if proof else {})
        for number, state, total, at, proof in cursor.fetchall()
    ]


def main(words: list[str]) -> int:
    """Exit status 0, or 1 where the host is fenced or closed for what was asked."""
    asked = _parser().parse_args(words)
    try:
        if asked.verb == "reconcile":
            told: object = {"settled": settle.everything(service.parts(), older_than=0)}
        else:
            told = _by_hand(asked)
    except (Refused, psycopg2.Error) as error:
        sys.stderr.write(f"{asked.verb}: {str(error).strip()}\n")
        return 1
    sys.stdout.write(json.dumps(told) + "\n")
    return 0


def _by_hand(asked: argparse.Namespace) -> object:
    with _connect(os.environ["SHOP_DATABASE_URL"]) as connection, connection.cursor() as cursor:
        match asked.verb:
            case "init":
                _not_fenced()
                return init(cursor)
            case "skip-numbers":
                _not_fenced()
                return skip_numbers(cursor, asked.distance, asked.run, at_least=asked.at_least)
            case "highest-number":
                return {"highest": highest_number(cursor)}
            case "counts":
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                return counts(cursor)
            case _:
                return pending(cursor)


def _connect(url: str) -> Connection:
    # libpq's own variables (PGHOST, PGUSER) fill what the URL leaves open.
    return psycopg2.connect(url, connect_timeout=5, options="-c timezone=UTC")


def _not_fenced() -> None:
    fence = Fence(Path(os.environ.get("SHOP_EPOCH_SOCKET", EPOCH_SOCKET)))
    stand, reason = fence.stand()
    if stand is Stand.FENCED:
        raise Refused(stand, reason)


def _run(name: str) -> str:
    # Nameless runs would pass for one another, and the second would not jump.
    if not name.strip():
        raise argparse.ArgumentTypeError("a run has a name")
    return name


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="shop-admin", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("init")
    verbs.add_parser("highest-number")
    jump = verbs.add_parser("skip-numbers")
    jump.add_argument("distance", type=int, metavar="N")
    jump.add_argument(
        "--run", type=_run, help="the recovery run; a repeat by the same run changes nothing"
    )
    jump.add_argument(
        "--at-least", type=int, default=0, metavar="NUMBER", help="the first number is not lower"
    )
    verbs.add_parser("counts")
    verbs.add_parser("pending")
    verbs.add_parser("reconcile")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
