"""The story of the end-to-end tests up to the loss of the region; each test here is marked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.conftest import backed_up, control, customers, deployed, desk, lost, prepared, up

__all__ = ["backed_up", "control", "customers", "deployed", "desk", "lost", "prepared", "up"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.stress)
            item.add_marker(pytest.mark.timeout(3 * 3600))
