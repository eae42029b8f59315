"""What the shop sells: read by everybody, written only by the first start (shop.admin init)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from shop.database import Cursor

_PRODUCT = "SELECT id, name, text, image, price_cents, stock FROM products "


@dataclass(frozen=True, slots=True)
class Product:
    id: str
    name: str
    text: str
    image: str
    """Its name under /images/."""
    price_cents: int
    stock: int

    def json(self) -> dict[str, Any]:
        return {**asdict(self), "currency": "EUR"}


def search(cursor: Cursor, words: str) -> list[Product]:
    """Products whose name or text holds every word of ``words``; all of them for none."""
    cursor.execute(
        _PRODUCT + "WHERE lower(name || ' ' || text) LIKE ALL (%s::text[]) ORDER BY position",
        ([f"%{_literal(word)}%" for word in words.lower().split()[:10]],),
    )
    return [Product(*row) for row in cursor.fetchall()]


def product(cursor: Cursor, wanted: str) -> Product | None:
    cursor.execute(_PRODUCT + "WHERE id = %s", (wanted,))
    row = cursor.fetchone()
    return None if row is None else Product(*row)


def _literal(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
