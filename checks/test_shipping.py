"""The service shipping on the back hosts."""

import pytest

from checks.services import ServiceSuite


@pytest.mark.each("back")
class TestShipping(ServiceSuite):
    service = "shipping"
    port = 8004
