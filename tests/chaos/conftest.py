"""A folder with the graph of a small shop whose steps are programs; and a cloud of this process."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.small_shop import write_shop
from tests.contract.cloud.conftest import cloud, resolver, world, zone

__all__ = ["cloud", "folder", "resolver", "world", "zone"]


@pytest.fixture
def folder(tmp_path: Path, marker: str) -> Path:
    write_shop(tmp_path, tmp_path)
    return tmp_path
