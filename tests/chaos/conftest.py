"""A folder with the graph of a small shop whose steps are programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.chaos.small_shop import NEEDS, PROGRAM


@pytest.fixture
def folder(tmp_path: Path, marker: str) -> Path:
    for name in NEEDS:
        (tmp_path / f"{name}.py").write_text(PROGRAM.format(root=str(tmp_path), name=name))
    graph = {name: {"kind": "program", "needs": needs} for name, needs in NEEDS.items()}
    (tmp_path / "graph.json").write_text(json.dumps(graph))
    return tmp_path
