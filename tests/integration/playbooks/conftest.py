"""The lab's hosts come and go while these tests run, one file of them after the other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.alone import with_others
from tests.integration.playbooks.lab import Lab


@pytest.fixture(scope="module", autouse=True)
def beside_others(lab: Lab) -> Iterator[None]:
    """The hosts of a file end with it."""
    with with_others():
        before = lab.names
        yield
        lab.end(*(name for name in lab.names if name not in before))
