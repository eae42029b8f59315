"""Payment: what is paid is captured once, however often it is asked for, and can be given back."""

import secrets

from checks.journeys.shopper import Shopper


def test_a_payment_that_is_sent_twice_is_taken_once(customer: Shopper) -> None:
    customer.sign_up()
    due = customer.fill_cart(customer.search()[0])
    key = secrets.token_hex(16)
    first = customer.pay(key)
    again = customer.pay(key)
    assert again == first, "the same key led to another order: the card may be charged twice"
    assert first.total_cents == due
    assert customer.see(first)["state"] == "paid"


def test_a_declined_card_buys_nothing_and_a_good_one_still_can(customer: Shopper) -> None:
    customer.sign_up()
    due = customer.fill_cart(customer.search()[0])
    customer.fail_to_pay()
    assert customer.pay().total_cents == due


def test_a_payment_can_be_given_back(customer: Shopper) -> None:
    order = customer.buy()
    customer.refund(order)
    assert customer.see(order)["state"] == "refunded"
