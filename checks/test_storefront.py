"""The storefront on the application hosts: catalogue with images, cart, sign-up."""

from typing import ClassVar

import pytest
from testinfra.host import Host

from checks.services import Seen, ServiceSuite


@pytest.mark.each("app")
class TestStorefront(ServiceSuite):
    service = "storefront"
    port = 8001
    questions: ClassVar = {
        "images": "find /srv/shop/images -type f -size +0 | wc -l",
        "empty": "find /srv/shop/images -type f -size 0 | head -5",
    }

    def test_the_product_images_are_there_and_whole(self, host: Host, seen: Seen) -> None:
        images = seen[host]["images"].text
        assert images.isdigit(), images
        assert int(images) > 0
        assert seen[host]["empty"].lines == ()
