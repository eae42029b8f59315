"""Storefront: the catalogue with its images, the cart, sign-up and sign-in.

gunicorn shop.storefront:app
"""

from __future__ import annotations

import psycopg2.errors
from flask import render_template, request, send_from_directory
from flask.typing import ResponseReturnValue
from werkzeug.security import check_password_hash, generate_password_hash

from shop import catalogue, health, service
from shop.database import one
from shop.service import Problem, number, proof, text

_parts = service.parts()
_database, _visits = _parts.database, _parts.visits
app = service.service(
    "storefront",
    _parts,
    needs=(
        health.database(_database),
        health.sessions(_visits),
        health.images(_database, _parts.settings),
    ),
)
_NOBODY = generate_password_hash("nobody has this password")
"""Checked where the address is unknown, so that the time of an answer tells nothing."""


@app.get("/")
def home() -> ResponseReturnValue:
    words = request.args.get("q", "")[:100]
    with _database.reading() as cursor:
        products = catalogue.search(cursor, words)
    held = sum(_visits.cart().values())
    return render_template("catalogue.html", products=products, words=words, held=held)


@app.get("/api/products")
def products() -> ResponseReturnValue:
    with _database.reading() as cursor:
        found = catalogue.search(cursor, request.args.get("q", "")[:100])
    return {"products": [product.json() for product in found]}


@app.get("/api/products/<wanted>")
def product(wanted: str) -> ResponseReturnValue:
    with _database.reading() as cursor:
        found = catalogue.product(cursor, wanted)
    if found is None:
        raise Problem(404, f"no product {wanted!r}")
    return found.json()


@app.get("/images/<name>")
def image(name: str) -> ResponseReturnValue:
    return send_from_directory(_parts.settings.images, name, max_age=3600)


@app.post("/api/customers")
def sign_up() -> ResponseReturnValue:
    email, name, password = text("email").lower(), text("name"), text("password")
    if "@" not in email or len(password) < 8:
        raise Problem(400, "give an address with an @ and a password of at least 8 characters")
    try:
        with _database.writing(proof=proof()) as cursor:
            cursor.execute(
                "INSERT INTO customers (email, name, password, proof) VALUES (%s, %s, %s, %s) "
                "RETURNING id::text",
                (email, name, generate_password_hash(password), proof()),
            )
            customer = str(one(cursor))
    except psycopg2.errors.UniqueViolation:
        raise Problem(409, "this address has an account", "sign in") from None
    _visits.sign_in(customer, proof=proof())
    return {"id": customer}, 201


@app.post("/api/sessions")
def sign_in() -> ResponseReturnValue:
    email, password = text("email").lower(), text("password")
    with _database.reading() as cursor:
        cursor.execute("SELECT id::text, password FROM customers WHERE email = %s", (email,))
        customer, hashed = cursor.fetchone() or ("", _NOBODY)
    if not check_password_hash(hashed, password) or not customer:
        raise Problem(401, "address or password is wrong")
    _visits.sign_in(customer, proof=proof())
    return {"id": customer}, 201


@app.get("/api/cart")
def cart() -> ResponseReturnValue:
    held = _visits.cart()
    with _database.reading() as cursor:
        found = [catalogue.product(cursor, name) for name in sorted(held)]
    lines = [
        {"product": it.id, "name": it.name, "quantity": held[it.id], "price_cents": it.price_cents}
        for it in found
        if it is not None
    ]
    total = sum(held[it.id] * it.price_cents for it in found if it is not None)
    return {"lines": lines, "total_cents": total, "currency": "EUR"}


@app.post("/api/cart")
def put_in_cart() -> ResponseReturnValue:
    """The quantity is what the cart then holds of the product: a repeat changes nothing."""
    wanted, quantity = text("product"), number("quantity", smallest=0, largest=100)
    with _database.reading() as cursor:
        if catalogue.product(cursor, wanted) is None:
            raise Problem(404, f"no product {wanted!r}")
    _visits.put(wanted, quantity, proof=proof())
    return cart()
