"""The service support on the back hosts."""

import pytest

from checks.services import ServiceSuite


@pytest.mark.each("back")
class TestSupport(ServiceSuite):
    service = "support"
    port = 8005
