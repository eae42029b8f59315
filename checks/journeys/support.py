"""Customer service: a customer asks about an order, and finds the question again."""

from checks.journeys.shopper import Shopper


def test_a_customer_opens_a_ticket_and_sees_it(customer: Shopper) -> None:
    order = customer.buy()
    ticket = customer.complain(order, "Where is my parcel?")
    shown = customer.ticket(ticket)
    assert shown["text"] == "Where is my parcel?"
    assert shown["order"] == order.number
