"""The data after a restore: nothing that the backup held is gone, and what is there fits together.

The manifest is what the shop counted when the backup was taken. What came after it is restored
from the log, so the counts may be higher, never lower; stock is left out, because it is sold.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from testinfra.host import Host

from drkit.checking.asking import Answers, ask
from drkit.checking.hosts import Hosts
from drkit.checking.site import Site
from drkit.model.step import RunKind

Seen = Mapping[Host, Answers]
pytestmark = pytest.mark.each("db")

STORE = "orders-db"
_SHRINKING = {("products", "stock")}

# Every foreign key of the shop, each tried against the rows: a constraint says what was checked
# when a row was written, not what a damaged file holds now.
_ORPHANS = r"""
SELECT format(
    'SELECT %L, count(*) FROM %s AS child WHERE %s '
    'AND NOT EXISTS (SELECT FROM %s AS parent WHERE %s)',
    conname, conrelid::regclass, string_agg(format('child.%I IS NOT NULL', a.attname), ' AND '),
    confrelid::regclass, string_agg(format('parent.%I = child.%I', b.attname, a.attname), ' AND '))
FROM pg_constraint CROSS JOIN LATERAL unnest(conkey, confkey) AS pair(child, parent)
JOIN pg_attribute a ON a.attrelid = conrelid AND a.attnum = pair.child
JOIN pg_attribute b ON b.attrelid = confrelid AND b.attnum = pair.parent
WHERE contype = 'f' AND connamespace = 'public'::regnamespace
GROUP BY conname, conrelid, confrelid \gexec
"""
_WHOLE = """
SELECT json_build_object(
    'orders without lines', (SELECT count(*) FROM orders
        WHERE NOT EXISTS (SELECT FROM order_lines WHERE order_number = number)),
    'orders that do not cost what their lines cost', (SELECT count(*) FROM orders WHERE total_cents
        <> (SELECT sum(quantity * price_cents) FROM order_lines WHERE order_number = number)),
    'paid orders without a capture', (SELECT count(*) FROM orders
        LEFT JOIN payments ON order_number = number WHERE state = 'paid' AND capture IS NULL),
    'orders without a payment', (SELECT count(*) FROM orders
        WHERE NOT EXISTS (SELECT FROM payments WHERE order_number = number)),
    'foreign keys that are not validated', (SELECT count(*) FROM pg_constraint
        WHERE contype = 'f' AND NOT convalidated));
SELECT json_build_object(
    'next', last_value + is_called::int, 'highest', (SELECT coalesce(max(number), 0) FROM orders))
FROM order_numbers;
"""


def _psql(script: str) -> str:
    return f"runuser -u postgres -- psql -XAtq -v ON_ERROR_STOP=1 -d shop <<'SQL'\n{script}\nSQL"


@pytest.fixture(scope="module")
def seen(hosts: Hosts) -> Seen:
    where = "PYTHONPATH=/opt/shop SHOP_DATABASE_URL=postgresql:///shop?host=/var/run/postgresql"
    return ask(
        hosts["db"],
        {
            "orphans": _psql(_ORPHANS),
            "whole": _psql(_WHOLE),
            "counts": f"runuser -u shop -- env {where} python3 -m shop.admin counts",
            "record": f"cat /var/lib/drkit/stores/{STORE}.json",
        },
    )


def _json(answers: Answers, question: str, *, line: int = 0) -> Any:
    answer = answers[question]
    assert answer.ok, answer.text
    return json.loads(answer.lines[line] if question == "whole" else answer.text)


def _numbers(tables: Mapping[str, Any]) -> Iterator[tuple[str, str, int]]:
    """Table, what was counted of it, and how much: rows and sums that only grow."""
    for table, counted in tables.items():
        yield table, "rows", counted["rows"]
        for column, total in counted["sums"].items():
            if (table, column) not in _SHRINKING:
                yield table, f"sum of {column}", total


def _manifest(answers: Answers) -> Mapping[str, Any]:
    manifest = _json(answers, "record").get("manifest")
    assert manifest, (
        "the backup that was restored carries no manifest, so nothing tells whether all of it is "
        "here: take backups by playbooks/backup.yml, which counts what it backs up"
    )
    tables: Mapping[str, Any] = manifest["tables"]
    return tables


def test_nothing_that_the_backup_held_is_gone(host: Host, seen: Seen, site: Site) -> None:
    now = {row[:2]: row[2] for row in _numbers(_json(seen[host], "counts")["tables"])}
    assert now["products", "rows"] > 0
    if site.kind is RunKind.DEPLOY:
        return  # the store was created, not restored: there is nothing to compare with
    held = {row[:2]: row[2] for row in _numbers(_manifest(seen[host]))}
    gone = [
        f"{table}: {what} {now.get((table, what))}, the backup held {count}"
        for (table, what), count in held.items()
        if now.get((table, what), -1) < count
    ]
    assert gone == []


def test_no_row_points_to_one_that_is_not_there(host: Host, seen: Seen) -> None:
    told = seen[host]["orphans"]
    assert told.ok, told.text
    found = dict(line.rsplit("|", 1) for line in told.lines)
    assert len(found) >= 5, f"the shop has more foreign keys than {sorted(found)}"
    assert {key: count for key, count in found.items() if count != "0"} == {}


def test_every_order_is_whole(host: Host, seen: Seen) -> None:
    wrong = {what: count for what, count in _json(seen[host], "whole").items() if count}
    assert wrong == {}


def test_no_order_number_can_be_given_twice(host: Host, seen: Seen, site: Site) -> None:
    numbers = _json(seen[host], "whole", line=1)
    assert numbers["next"] > numbers["highest"]
    if site.kind is RunKind.REBUILD:
        held = _manifest(seen[host])["orders"]["highest"] or 0
        stores: Any = site.plan["stores"]
        assert numbers["next"] >= held + stores[STORE]["skip-numbers"]
