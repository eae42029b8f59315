"""Sales: a stranger finds something, signs up, buys it, sees the order, and gives it back."""

from checks.journeys.shopper import Shopper


def test_a_stranger_finds_and_buys_something_and_gives_it_back(customer: Shopper) -> None:
    page = customer.browse()
    found = customer.search("mug")
    assert found[0]["name"] in page, "what the search finds is not in the catalogue"
    product = customer.look_at(found[0])
    customer.sign_up()
    due = customer.fill_cart(product, 2)
    order = customer.pay()
    assert order.total_cents == due
    shown = customer.see(order)
    assert shown["state"] == "paid"
    assert [(line["product"], line["quantity"]) for line in shown["lines"]] == [(product["id"], 2)]
    customer.refund(order)
    assert customer.see(order)["state"] == "refunded"


def test_what_is_in_the_cart_stays_when_the_customer_signs_in(customer: Shopper) -> None:
    email, password = customer.sign_up()
    customer.leave()
    due = customer.fill_cart(customer.search()[0])
    customer.sign_in(email, password)
    assert customer.pay().total_cents == due
