"""A customer over plain HTTP: no TLS in front of the services here, so cookies are kept by hand
(a client rightly does not send a Secure cookie over HTTP)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

import httpx

_SERVICES = {"orders": "orders", "shipments": "shipping", "tickets": "support"}
CARD = "tok_visa"


class Buyer:
    def __init__(self, ports: Mapping[str, int], proof: str | None) -> None:
        self._ports = ports
        self.proof = proof
        self._cookie = ""
        self.email = f"{uuid.uuid4().hex}@customers.example"

    def get(self, path: str) -> httpx.Response:
        return self._send("GET", path, None, {})

    def post(
        self, path: str, body: Mapping[str, object], headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        return self._send("POST", path, body, headers or {})

    def sign_up(self) -> httpx.Response:
        return self.post(
            "/api/customers", {"email": self.email, "name": "Ada", "password": "correct horse"}
        )

    def sign_in(self) -> httpx.Response:
        return self.post("/api/sessions", {"email": self.email, "password": "correct horse"})

    def post_to(self, port: int, path: str, body: Mapping[str, object]) -> httpx.Response:
        """To a service that no customer reaches."""
        return httpx.post(f"http://127.0.0.1:{port}{path}", json=body, timeout=20, trust_env=False)

    def fill(self, **quantities: int) -> None:
        """Put products in the cart, an underscore standing for a dash."""
        for product, quantity in quantities.items():
            name = product.replace("_", "-")
            answer = self.post("/api/cart", {"product": name, "quantity": quantity})
            assert answer.status_code == 200, answer.text

    def order(self, *, key: str = "", card: str = CARD) -> httpx.Response:
        return self.post(
            "/api/orders", {"card": card}, {"Idempotency-Key": key or uuid.uuid4().hex}
        )

    def buy(self, **quantities: int) -> int:
        """The number of a paid order."""
        self.fill(**(quantities or {"mug_sand": 1}))
        answer = self.order()
        assert answer.status_code == 201, answer.text
        return int(answer.json()["number"])

    def _send(
        self, method: str, path: str, body: object, headers: Mapping[str, str]
    ) -> httpx.Response:
        told = dict(headers)
        if self.proof:
            told["X-Drkit-Proof"] = self.proof
        if self._cookie:
            told["Cookie"] = self._cookie
        url = f"http://127.0.0.1:{self._port(path)}{path}"
        answer = httpx.request(method, url, json=body, headers=told, timeout=20, trust_env=False)
        if "set-cookie" in answer.headers:
            self._cookie = answer.headers["set-cookie"].partition(";")[0]
        return answer

    def _port(self, path: str) -> int:
        kind = path.split("/")[2] if path.count("/") > 1 else ""
        service = kind if path.startswith("/health/") else _SERVICES.get(kind, "storefront")
        return self._ports["orders" if kind == "recovery" else service]
