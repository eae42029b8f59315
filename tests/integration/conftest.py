"""The lab of a test session: hosts that playbooks, and the plan of a stranger, are played on."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from drkit.sandbox import image
from tests.alone import with_others
from tests.integration.playbooks.lab import Lab


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    image.build(lambda _: None)
    # Short on purpose: ssh's control sockets lie below it.
    lab = Lab(Path(tempfile.mkdtemp(prefix="drkit-lab-")))
    try:
        with with_others():
            lab.start()
        yield lab
    finally:
        with with_others():
            lab.stop()
