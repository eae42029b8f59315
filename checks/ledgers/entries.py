"""The entries of a partner's books, in the form that all partners of the shop keep them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from drkit.checking import Books


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    kind: str
    at: datetime
    proof: str | None
    """The run whose proof it belongs to; None: a customer's."""
    told: Mapping[str, Any]


def entries(books: Books, since: datetime | None, until: datetime) -> list[Entry]:
    """What the partner wrote down from ``since`` to ``until``, the oldest first.

    Raises KeyError, TypeError or ValueError where the books are not as agreed.
    """
    path = "/ledger" if since is None else f"/ledger?since={since.isoformat()}"
    page: Any = books.read(path)
    found = [
        Entry(
            kind=row["kind"],
            at=datetime.fromisoformat(row["at"]),
            proof=row.get("proof"),
            told=row,
        )
        for row in page["entries"]
    ]
    return sorted((entry for entry in found if entry.at <= until), key=lambda entry: entry.at)
