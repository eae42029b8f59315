"""Whether a service can really do its work: every dependency is asked, none is assumed.

The card provider, the carrier and the mailbox are not: their outage is not this site's, and a
recovery must not stop at it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import psycopg2
import redis
from flask.typing import ResponseReturnValue

from shop.database import Database, one
from shop.fence import Fence
from shop.settings import Settings
from shop.visits import Visits

Question = Callable[[], str]
"""Asks one dependency; what is wrong with it in words, or nothing."""


@dataclass(frozen=True, slots=True)
class Need:
    name: str
    ask: Question


def page(name: str, settings: Settings, fence: Fence, needs: Iterable[Need]) -> ResponseReturnValue:
    """200 with where the site stands (open, closed, fenced), 503 with what fails and why."""
    failing = {}
    for need in needs:
        try:
            wrong = need.ask()
        except (psycopg2.Error, redis.RedisError, OSError) as error:
            wrong = type(error).__name__
        if wrong:
            failing[need.name] = wrong
    told = {"service": name, "site": settings.site}
    if failing:
        return {**told, "state": "failed", "failing": failing}, 503
    return {**told, "state": fence.stand()[0]}, 200


def database(database: Database) -> Need:
    """The database answers, takes writes and holds a catalogue."""

    def ask() -> str:
        with database.reading() as cursor:
            cursor.execute("SELECT pg_is_in_recovery()")
            if one(cursor):
                return "in recovery, takes no writes"
            cursor.execute("SELECT count(*) FROM products")
            return "" if one(cursor) else "the catalogue is empty"

    return Need("database", ask)


def sessions(visits: Visits) -> Need:
    return Need("redis", lambda: "" if visits.answers() else "no answer")


def images(database: Database, settings: Settings) -> Need:
    """Every product's image is there and has content."""

    def ask() -> str:
        with database.reading() as cursor:
            cursor.execute("SELECT DISTINCT image FROM products ORDER BY image")
            names = [name for (name,) in cursor.fetchall()]
        gone = [name for name in names if not _holds(settings, name)]
        return f"missing: {', '.join(gone[:3])} ({len(gone)} of {len(names)})" if gone else ""

    return Need("files", ask)


def _holds(settings: Settings, name: str) -> bool:
    file = settings.images / name
    return file.is_file() and file.stat().st_size > 0
