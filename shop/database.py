"""Connections to PostgreSQL, and the only door to a write: a transaction that asks the fence.

The fence is asked twice, before the first statement and again before the commit, so that a
transaction which waited for a lock while the site was closed does not commit after it. Every
statement has a time limit: a customer waits seconds, not minutes, and then hears the truth.
"""

from __future__ import annotations

import queue
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import psycopg2
import psycopg2.extensions

from shop.fence import Fence

Connection: TypeAlias = psycopg2.extensions.connection
Cursor: TypeAlias = psycopg2.extensions.cursor

_OPTIONS = (
    "-c statement_timeout=4s -c lock_timeout=3s -c idle_in_transaction_session_timeout=15s "
    "-c timezone=UTC"
)
_LIMITS: dict[str, Any] = {
    "application_name": "shop",
    "connect_timeout": 3,
    # A server that vanished says nothing: without these its connections hang for minutes.
    "tcp_user_timeout": 5000,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 2,
}


class Database:
    """Idle connections are kept for the next request; a broken one is thrown away."""

    def __init__(self, url: str, fence: Fence) -> None:
        self._url = url
        self._fence = fence
        self._idle: queue.SimpleQueue[Connection] = queue.SimpleQueue()

    @contextmanager
    def reading(self) -> Iterator[Cursor]:
        """A cursor in a transaction that PostgreSQL itself keeps from writing."""
        with self._connection() as connection, connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION READ ONLY")
            yield cursor
            connection.rollback()

    @contextmanager
    def writing(self, *, proof: str | None = None) -> Iterator[Cursor]:
        """A cursor in a transaction that commits at the end of the block.

        Raises :class:`shop.fence.Refused` before it begins or in place of the commit. An
        OperationalError out of the commit itself leaves the effect unknown: the caller answers so,
        and a repeat with the same key finds out.
        """
        self._fence.ask(proof)
        with self._connection() as connection, connection.cursor() as cursor:
            yield cursor
            self._fence.ask(proof)
            connection.commit()

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        connection = self._take()
        try:
            yield connection
        except BaseException:
            try:
                connection.rollback()
            except psycopg2.Error:
                connection.close()
            raise
        finally:
            if not connection.closed:
                self._idle.put(connection)

    def _take(self) -> Connection:
        while True:
            try:
                connection = self._idle.get_nowait()
            except queue.Empty:
                made: Connection = psycopg2.connect(self._url, options=_OPTIONS, **_LIMITS)
                return made
            if _answers(connection):
                return connection
            connection.close()


def _answers(connection: Connection) -> bool:
    # An idle connection may have lost its server (restart, loss of the network) unnoticed.
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        connection.rollback()
    except psycopg2.Error:
        return False
    return True


def one(cursor: Cursor) -> Any:
    """The first column of the only row. Raises LookupError where there is none."""
    row = cursor.fetchone()
    if row is None:
        raise LookupError("no such row")
    return row[0]
