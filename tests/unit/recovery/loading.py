"""Programs and modules of the collection, as Python modules: on hosts each is a file of its own."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from drkit.recovery import collections_path

HOME = collections_path() / "ansible_collections" / "drkit" / "recovery"


def load(path: str) -> Any:
    """The file at ``path`` below the collection."""
    file = HOME / path
    spec = importlib.util.spec_from_file_location(f"of_the_collection_{Path(path).stem}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
