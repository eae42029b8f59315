"""The sink of the reference shop, running."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.muzzle.sinking import SHOP, Sink


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    made = Sink(folder=tmp_path, programs=SHOP)
    made.start()
    yield made
    made.kill()
