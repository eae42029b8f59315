"""Order management: an order can be seen by its owner, by nobody else, and be changed once."""

import pytest

from checks.journeys.shopper import Shopper
from drkit.checking.customer import JourneyBroken


def test_an_order_is_seen_and_cancelled_by_its_owner(customer: Shopper) -> None:
    email, password = customer.sign_up()
    due = customer.fill_cart(customer.search()[0], 3)
    order = customer.pay()
    customer.leave()
    customer.sign_in(email, password)
    shown = customer.see(order)
    assert shown["state"] == "paid"
    assert sum(line["quantity"] * line["price_cents"] for line in shown["lines"]) == due
    customer.refund(order)
    assert customer.see(order)["state"] == "refunded"


def test_nobody_sees_the_order_of_another(customer: Shopper) -> None:
    email, password = customer.sign_up()
    customer.fill_cart(customer.search()[0])
    order = customer.pay()
    customer.leave()
    customer.sign_up()
    with pytest.raises(JourneyBroken, match="answered 404"):
        customer.see(order)
    customer.leave()
    customer.sign_in(email, password)


def test_the_numbers_of_two_orders_differ(customer: Shopper) -> None:
    first = customer.buy()
    customer.fill_cart(customer.search()[0])
    second = customer.pay()
    assert second.number > first.number
