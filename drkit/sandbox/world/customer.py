"""A customer who visits the shop, now and again, and writes down what came of it.

Customers behave as people do: they look around first, some buy, few write to support. Whoever
wanted to buy and got no answer tries again with the same key; whoever is asked to sign in does.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from drkit.sandbox.world.diary import Diary

_BUYS, _SHIPS, _ASKS = 0.6, 0.2, 0.1
_TRIES = 3
_PAUSE = 1.0
"""Seconds before an order is tried again."""
_CARD = "tok_visa"


class _Failed(Exception):
    """The visit ends here."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(f"{what}: {reason}")
        self.what, self.reason = what, reason


@dataclass(slots=True)
class Customer:
    """``email`` is an account once ``known``; the cookies are what the shop last gave."""

    email: str
    password: str
    known: bool = False
    cookies: httpx.Cookies = field(default_factory=httpx.Cookies)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    customer: Customer
    http: httpx.Client
    diary: Diary
    chance: random.Random
    stop: threading.Event

    def run(self) -> bool:
        """The whole visit. Whether the customer will come again (and still has an account)."""
        try:
            self._wander()
        except _Failed as failure:
            self.diary.failed(failure.what, failure.reason, self.customer.email)
        finally:
            self.customer.cookies = self.http.cookies
        return self.customer.known

    def _wander(self) -> None:
        self._read("browse", "/")
        words = self.chance.choice(("", "", "lamp", "oak", "stoneware", "glass"))
        found = self._told("search", self._read("search", f"/api/products?q={words}"))["products"]
        product = self.chance.choice(found) if found else None
        if product is None or self.chance.random() > _BUYS:
            return
        self._read("image", f"/images/{product['image']}")
        self._arrive()
        order = self._buy(product["id"])
        if self.chance.random() < _SHIPS:
            self._write("ship", "/api/shipments", {"order": order}, expect=201)
        if self.chance.random() < _ASKS:
            question = {"order": order, "text": "When will it be here?"}
            self._write("ticket", "/api/tickets", question, expect=201)

    def _arrive(self) -> None:
        """Have an account and a session."""
        if self.customer.known and self.http.cookies:
            return
        account = {"email": self.customer.email, "password": self.customer.password}
        if self.customer.known:
            self._sign_in(account)
        else:
            self._write("sign-up", "/api/customers", {**account, "name": "Ada"}, expect=201)
        self.customer.known = True

    def _sign_in(self, account: dict[str, str]) -> None:
        try:
            self._write("sign-in", "/api/sessions", account, expect=201)
        except _Failed as failure:
            # An account that a restore lost is a new customer's the next time.
            self.customer.known = not failure.reason.startswith("401")
            raise

    def _buy(self, product: str) -> int:
        """The number of the promised order."""
        key = f"{self.chance.getrandbits(128):032x}"
        try:
            return self._order(product, key)
        except _Failed as failure:
            if not failure.reason.startswith("401"):
                raise
        self.http.cookies.clear()  # the shop has forgotten the session: sign in, fill the cart
        self._arrive()
        return self._order(product, key)

    def _order(self, product: str, key: str) -> int:
        wanted = {"product": product, "quantity": self.chance.randint(1, 3)}
        self._write("cart", "/api/cart", wanted, expect=200)
        order = self._patiently(
            lambda: self._write("order", "/api/orders", {"card": _CARD}, expect=201, key=key)
        )
        self.diary.promised(order["number"], order["total_cents"], self.customer.email)
        return int(order["number"])

    def _patiently(self, ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Ask again where there was no answer or a 5xx, with the same key."""
        for left in reversed(range(_TRIES)):
            try:
                return ask()
            except _Failed as failure:
                if not left or failure.reason.startswith("4") or self.stop.wait(_PAUSE):
                    raise
        raise AssertionError("unreachable")

    def _read(self, what: str, path: str) -> httpx.Response:
        began = time.monotonic()
        answer = self._send(what, self.http.build_request("GET", path), expect=200)
        self.diary.read(what, time.monotonic() - began)
        return answer

    def _write(
        self, what: str, path: str, body: dict[str, Any], *, expect: int, key: str = ""
    ) -> dict[str, Any]:
        headers = {"Idempotency-Key": key} if key else {}
        request = self.http.build_request("POST", path, json=body, headers=headers)
        return self._told(what, self._send(what, request, expect=expect))

    @staticmethod
    def _told(what: str, answer: httpx.Response) -> dict[str, Any]:
        try:
            told: dict[str, Any] = answer.json()
        except ValueError as error:
            raise _Failed(what, f"no JSON: {answer.text[:200]}") from error
        return told

    def _send(self, what: str, request: httpx.Request, *, expect: int) -> httpx.Response:
        try:
            answer = self.http.send(request)
        except httpx.HTTPError as error:
            raise _Failed(what, f"{type(error).__name__}: {error}") from error
        if answer.status_code != expect:
            raise _Failed(what, f"{answer.status_code} {answer.text[:200]}")
        return answer
