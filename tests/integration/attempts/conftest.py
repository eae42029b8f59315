"""A folder of tries."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.attempts.trying import Tries


@pytest.fixture
def tries(tmp_path: Path, marker: str) -> Iterator[Tries]:
    made = Tries(root=tmp_path)
    yield made
    made.over()
