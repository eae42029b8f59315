"""The service payment on the application hosts."""

import pytest

from checks.services import ServiceSuite


@pytest.mark.each("app")
class TestPayment(ServiceSuite):
    service = "payment"
    port = 8003
