"""The files of this repository, as git knows them."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


@cache
def tracked() -> tuple[Path, ...]:
    """Every committed file that is still there, relative to the root."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=30
    )
    names = (Path(name) for name in listed.stdout.split("\0") if name)
    return tuple(path for path in names if (ROOT / path).is_file())


def python_files(*folders: str) -> tuple[Path, ...]:
    """Committed Python files below ``folders``; all of them if none is named."""
    return tuple(
        path
        for path in tracked()
        if path.suffix == ".py" and (not folders or path.parts[0] in folders)
    )
