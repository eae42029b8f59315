"""Shipping: a paid order gets a tracking number from the carrier, and keeps it."""

from checks.journeys.shopper import Shopper


def test_a_paid_order_is_sent_once_and_can_be_tracked(customer: Shopper) -> None:
    order = customer.buy()
    tracking = customer.have_sent(order)
    assert customer.track(order) == tracking
    assert customer.have_sent(order) == tracking, "the carrier was asked for a second parcel"
