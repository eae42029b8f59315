"""A customer who knows how this shop is used: every journey is told in these steps.

What is bought is given back: an order that a journey leaves paid is refunded when it ends, also
when it broke half-way, so that a proof costs nobody anything.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from drkit.checking.customer import Customer, JourneyBroken

CARD, BAD_CARD = "tok_proof", "tok_declined_proof"
"""Test cards of the card providers: one that is good, one that is always declined."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    number: int
    total_cents: int
    state: str


class Shopper:
    """One customer from the first page to the refund."""

    def __init__(self, customer: Customer) -> None:
        self._customer = customer
        self._paid: set[int] = set()

    def browse(self) -> str:
        """The first page of the shop, as HTML."""
        page = self._customer.get("/", step="browse").text
        _that("<html" in page.lower(), "browse", f"the first page is no page: {page[:200]!r}")
        return page

    def search(self, words: str = "") -> list[dict[str, Any]]:
        """The products that match, at least one."""
        reply = self._customer.get(f"/api/products?q={words}", step="search")
        found: list[dict[str, Any]] = reply.json["products"]
        _that(found != [], "search", f"nothing is found for {words!r}")
        return found

    def look_at(self, product: Mapping[str, Any]) -> dict[str, Any]:
        """The product's own page and its image, which has to be an image."""
        path = f"/api/products/{product['id']}"
        page: dict[str, Any] = self._customer.get(path, step="look at a product").json
        image = self._customer.get(f"/images/{page['image']}", step="see its image")
        kind = image.headers.get("content-type", "")
        _that(kind.startswith("image/"), "see its image", f"it is {kind or 'of no kind'}")
        _that(len(image.content) > 0, "see its image", "it is empty")
        return page

    def sign_up(self) -> tuple[str, str]:
        """A new account, signed in. Returns its address and password."""
        email = f"proof-{secrets.token_hex(8)}@proof.example"
        password = secrets.token_urlsafe(12)
        body = {"email": email, "name": "A proof", "password": password}
        self._customer.post("/api/customers", step="sign up", body=body, expect=201)
        return email, password

    def sign_in(self, email: str, password: str) -> None:
        """Back with an account that is there already."""
        body = {"email": email, "password": password}
        self._customer.post("/api/sessions", step="sign in", body=body, expect=201)

    def leave(self) -> None:
        """Go away, leaving no cookie behind."""
        self._customer.leave()

    def fill_cart(self, product: Mapping[str, Any], quantity: int = 1) -> int:
        """Put a product in the cart. Returns what the cart then costs in cents."""
        body = {"product": product["id"], "quantity": quantity}
        self._customer.post("/api/cart", step="fill the cart", body=body)
        cart = self._customer.get("/api/cart", step="see the cart").json
        wanted = product["price_cents"] * quantity
        _that(
            cart["total_cents"] == wanted,
            "see the cart",
            f"it costs {cart['total_cents']} and not {wanted} cents: {cart}",
        )
        return int(cart["total_cents"])

    def pay(self, key: str = "") -> Order:
        """Order what is in the cart and pay; the same ``key`` is the same order."""
        headers = {"Idempotency-Key": key or secrets.token_hex(16)}
        reply = self._customer.post(
            "/api/orders", step="pay", body={"card": CARD}, headers=headers, expect=201
        )
        order = _order(reply.json)
        self._paid.add(order.number)
        _that(order.state == "paid", "pay", f"order {order.number} is {order.state}")
        return order

    def fail_to_pay(self) -> None:
        """Try to pay with a bad card: the shop has to say that it was declined."""
        headers = {"Idempotency-Key": secrets.token_hex(16)}
        body = {"card": BAD_CARD}
        step = "pay with a bad card"
        self._customer.post("/api/orders", step=step, body=body, headers=headers, expect=402)

    def buy(self, quantity: int = 1) -> Order:
        """The shortest way to a paid order: sign up, take the first product, pay."""
        self.sign_up()
        self.fill_cart(self.search()[0], quantity)
        return self.pay()

    def see(self, order: Order) -> dict[str, Any]:
        """The order as the shop shows it to the customer."""
        shown = self._customer.get(f"/api/orders/{order.number}", step="see the order").json
        for name in ("number", "total_cents"):
            _that(
                shown[name] == getattr(order, name),
                "see the order",
                f"its {name} is {shown[name]}, and was {getattr(order, name)}",
            )
        return dict(shown)

    def refund(self, order: Order) -> None:
        """Give the order back; asked twice, it is given back once."""
        for step in ("refund", "refund once more"):
            told = self._customer.post(f"/api/orders/{order.number}/refund", step=step).json
            _that(told["state"] == "refunded", step, f"order {order.number} is {told['state']}")
        self._paid.discard(order.number)

    def have_sent(self, order: Order) -> str:
        """Have the order sent. Returns the tracking number."""
        told = self._customer.post(
            "/api/shipments", step="ship", body={"order": order.number}, expect=201
        ).json
        _that(bool(told["tracking"]), "ship", f"there is no tracking number: {told}")
        return str(told["tracking"])

    def track(self, order: Order) -> str:
        """The tracking number that the shop shows for an order."""
        told = self._customer.get(f"/api/shipments/{order.number}", step="track").json
        return str(told["tracking"])

    def complain(self, order: Order, text: str) -> str:
        """Open a ticket about an order. Returns its id."""
        body = {"order": order.number, "text": text}
        headers = {"Idempotency-Key": secrets.token_hex(16)}
        told = self._customer.post(
            "/api/tickets", step="open a ticket", body=body, headers=headers, expect=201
        )
        return str(told.json["id"])

    def ticket(self, number: str) -> dict[str, Any]:
        """The ticket as the shop shows it to the customer."""
        return dict(self._customer.get(f"/api/tickets/{number}", step="see the ticket").json)

    def give_back(self) -> None:
        """Refund whatever is still paid."""
        for number in sorted(self._paid):
            self.refund(Order(number=number, total_cents=0, state="paid"))


def _order(told: Mapping[str, Any]) -> Order:
    return Order(number=told["number"], total_cents=told["total_cents"], state=told["state"])


def _that(true: bool, step: str, words: str) -> None:
    if not true:
        raise JourneyBroken(f"step {step!r}: {words}")
