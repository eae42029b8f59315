"""The service orders on the application hosts."""

import pytest

from checks.services import ServiceSuite


@pytest.mark.each("app")
class TestOrders(ServiceSuite):
    service = "orders"
    port = 8002
