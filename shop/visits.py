"""Who is visiting, and what is in the cart: in Redis, lost without harm when Redis is lost.

The cookie is signed and holds a random id; the session behind it is in Redis, so signing out or
losing Redis ends it. Hosts without a way to Redis (shipping, support) take the customer from the
signed cookie alone: customers' ids are random and never given twice, so an old cookie can name
nobody else.
"""

from __future__ import annotations

import secrets
from typing import cast

import redis
from flask import session

from shop.fence import Fence

_LIFE = 7 * 24 * 3600
"""Seconds that a session and a cart are kept after their last change."""


class NotSignedIn(Exception):
    """The request needs a customer and has none."""


def signed_customer() -> str:
    """The customer of the signed cookie. Raises :class:`NotSignedIn`."""
    customer = session.get("customer")
    if not customer:
        raise NotSignedIn
    return str(customer)


class Visits:
    def __init__(self, url: str, fence: Fence) -> None:
        self._fence = fence
        self._redis = redis.Redis.from_url(
            url,
            decode_responses=True,
            socket_timeout=2,
            socket_connect_timeout=2,
            health_check_interval=5,
        )

    def answers(self) -> bool:
        """Whether Redis really answers. Raises redis.RedisError where it does not."""
        return bool(self._redis.ping())

    def customer(self) -> str:
        """The customer who is signed in. Raises :class:`NotSignedIn`."""
        known = self._redis.get(f"session:{self._id()}") if self._id() else None
        if not known:
            raise NotSignedIn
        return str(known)

    def sign_in(self, customer: str, *, proof: str | None) -> None:
        """Begin a session under a new id, so that one set before (by whomever) is worth nothing;
        the cart comes along."""
        self._fence.ask(proof)
        before, now = self._id(), secrets.token_urlsafe(24)
        self._redis.set(f"session:{now}", customer, ex=_LIFE)
        if before:
            self._redis.delete(f"session:{before}")
            if self._redis.exists(f"cart:{before}"):
                self._redis.rename(f"cart:{before}", f"cart:{now}")
        session["id"], session["customer"] = now, customer

    def cart(self) -> dict[str, int]:
        """Product → quantity."""
        if not self._id():
            return {}
        held = cast("dict[str, str]", self._redis.hgetall(f"cart:{self._id()}"))
        return {product: int(quantity) for product, quantity in held.items()}

    def put(self, product: str, quantity: int, *, proof: str | None) -> None:
        """Have ``quantity`` of the product in the cart; 0 takes it out. Safe to repeat."""
        self._fence.ask(proof)
        if not self._id():
            session["id"] = secrets.token_urlsafe(24)
        name = f"cart:{self._id()}"
        if quantity:
            self._redis.hset(name, product, str(quantity))
            self._redis.expire(name, _LIFE)
        else:
            self._redis.hdel(name, product)

    def empty_cart(self, *, proof: str | None) -> None:
        self._fence.ask(proof)
        self._redis.delete(f"cart:{self._id()}")

    def _id(self) -> str:
        return str(session.get("id", ""))
