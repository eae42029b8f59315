"""What the five services have in common: their parts, their errors, their health.

An error is JSON that says what went wrong and what to do; a dependency that does not answer is a
503, never a promise. Health asks the dependencies themselves each time, and is not hidden by
"closed": who rebuilds a shop needs it most while it is closed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import psycopg2
import redis
from flask import Flask, request
from flask.typing import ResponseReturnValue

from shop import health, recovery
from shop.card import CardProvider
from shop.carrier import Carrier
from shop.database import Database
from shop.fence import Fence, Refused
from shop.mails import Mailbox
from shop.outside import Outside, Unanswered
from shop.settings import Settings, read
from shop.visits import NotSignedIn, Visits

PROOF_HEADER = "X-Drkit-Proof"
AGAIN = "try again with the same Idempotency-Key: nothing is done or charged twice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    settings: Settings
    fence: Fence
    database: Database
    visits: Visits
    card: CardProvider
    carrier: Carrier
    mailbox: Mailbox


def parts() -> Parts:
    """The parts that the environment describes; nothing is connected yet."""
    settings = read(os.environ)
    fence = Fence(settings.epoch_socket)
    return Parts(
        settings=settings,
        fence=fence,
        database=Database(settings.database, fence),
        visits=Visits(settings.redis, fence),
        mailbox=Mailbox(settings.mail, Outside(fence)),
        card=CardProvider(settings.card, Outside(fence, bearer=settings.card_key)),
        carrier=Carrier(settings.carrier, Outside(fence)),
    )


def service(name: str, parts: Parts, *, needs: Iterable[health.Need]) -> Flask:
    """A Flask application with the errors, ``/health/NAME`` and the question of recovery."""
    app = Flask("shop")
    app.secret_key = parts.settings.secret_key
    app.config.update(
        SESSION_COOKIE_NAME="shop",
        SESSION_COOKIE_SECURE=True,
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=64 * 1024,
    )
    for error, answer in _ERRORS.items():
        app.register_error_handler(error, answer)
    app.register_error_handler(Problem, lambda problem: problem.answer())
    checks = tuple(needs)
    app.add_url_rule(
        f"/health/{name}", "health", lambda: health.page(name, parts.settings, parts.fence, checks)
    )
    app.add_url_rule(
        "/api/recovery/known",
        "known",
        lambda: recovery.known(parts.database, proof(), request.get_json()),
        methods=["POST"],
    )
    return app


class Problem(Exception):
    """An answer to a request that cannot be done as it was asked."""

    def __init__(self, status: int, error: str, remedy: str = "") -> None:
        super().__init__(error)
        self.status = status
        self.body = {"error": error, **({"remedy": remedy} if remedy else {})}

    def answer(self) -> ResponseReturnValue:
        return self.body, self.status


def proof() -> str | None:
    """The run whose proof this request is. The edge takes the header from everybody else."""
    return request.headers.get(PROOF_HEADER) or None


def text(name: str, *, longest: int = 200) -> str:
    """A field of the JSON body that must be there. Raises :class:`Problem`."""
    value = _body().get(name)
    if not isinstance(value, str) or not 0 < len(value.strip()) <= longest or "\0" in value:
        raise Problem(400, f"{name!r} must be a text of 1 to {longest} characters")
    return value.strip()


def number(name: str, *, smallest: int, largest: int) -> int:
    """A whole number of the JSON body within bounds. Raises :class:`Problem`."""
    value = _body().get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not smallest <= value <= largest:
        raise Problem(400, f"{name!r} must be a whole number from {smallest} to {largest}")
    return value


def _body() -> dict[str, object]:
    body = request.get_json()
    if not isinstance(body, dict):
        raise Problem(400, "the body must be a JSON object")
    return body


Answer = Callable[[Exception], ResponseReturnValue]
_ERRORS: dict[type[Exception], Answer] = {
    Refused: lambda _: ({"error": "closed"}, 503),
    NotSignedIn: lambda _: ({"error": "nobody is signed in", "remedy": "sign in first"}, 401),
    Unanswered: lambda _: ({"error": "a partner of ours did not answer", "remedy": AGAIN}, 503),
    psycopg2.OperationalError: lambda _: (
        {"error": "the database did not answer", "remedy": AGAIN},
        503,
    ),
    psycopg2.InterfaceError: lambda _: (
        {"error": "the database did not answer", "remedy": AGAIN},
        503,
    ),
    redis.RedisError: lambda _: ({"error": "the sessions did not answer", "remedy": AGAIN}, 503),
}
