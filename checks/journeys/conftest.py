"""In these journeys a customer is a shopper, and whatever was bought goes back at the end."""

from collections.abc import Iterator

import pytest

from checks.journeys.shopper import Shopper
from drkit.checking.customer import Customer


@pytest.fixture(name="customer")
def shopper(customer: Customer) -> Iterator[Shopper]:
    """drkit's customer, who knows this shop."""
    one = Shopper(customer)
    yield one
    one.give_back()
