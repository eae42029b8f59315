"""What is beside the plan and not for everybody's eyes: ``.drkit`` and what is in it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, TextIO


def private_folder(folder: Path) -> None:
    """Make ``folder`` readable by its owner alone, also one that is there and is not.

    ``mkdir(parents=True, mode=0o700)`` is not enough: the mode is that of the last folder only.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if folder.stat().st_mode & 0o077:
        folder.chmod(0o700)


def private_file(path: Path, mode: Literal["a", "w"]) -> TextIO:
    """Open ``path`` to write or append; a new one is readable by its owner alone, from the start.

    One that is there and was made for all to read is made private, too.
    """
    how = os.O_APPEND if mode == "a" else os.O_TRUNC
    file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | how, 0o600), mode, encoding="utf-8")
    os.fchmod(file.fileno(), 0o600)
    return file
