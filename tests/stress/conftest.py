"""The story of the end-to-end tests up to the loss of the region; each test here is marked.

Without its nights: what is rebuilt here is the first generation of its region.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.conftest import (
    Lost,
    backed_up,
    control,
    customers,
    deployed,
    desk,
    lose,
    prepared,
    up,
)
from tests.e2e.desk import Desk, Said
from tests.e2e.witnesses import Customers

__all__ = ["backed_up", "control", "customers", "deployed", "desk", "prepared", "up"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """First those that bring up a sandbox of their own: there is one on a machine, and the story's
    stands to the end.
    """
    here = [place for place, item in enumerate(items) if Path(__file__).parent in item.path.parents]
    own_first = sorted((items[place] for place in here), key=lambda item: not _has_own(item))
    for place, item in zip(here, own_first, strict=True):
        items[place] = item
        item.add_marker(pytest.mark.stress)
        item.add_marker(pytest.mark.timeout(3 * 3600))


def _has_own(item: pytest.Item) -> bool:
    """Whether the file of a test makes the desk that it is about."""
    module = item.getparent(pytest.Module)
    return module is not None and hasattr(module.obj, "desk")


@pytest.fixture(scope="package")
def lost(desk: Desk, customers: Customers, backed_up: tuple[Said, Said]) -> Lost:
    del backed_up
    return lose(desk, customers)
