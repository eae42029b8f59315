"""podman's folder of network namespaces: mounted by the first container that has a network, and
never taken away. Where the sandbox's was the first, the mount goes with the sandbox.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from drkit.sandbox.commands import CommandFailed, run

PLACE: Final = Path("/run/netns")


def note(file: Path) -> None:
    """Write ``file`` where nobody has mounted the folder yet: it will be our doing."""
    if not os.path.ismount(PLACE):
        file.touch()


def clear(file: Path) -> None:
    """Unmount the folder if ``file`` says that it was our doing, and nobody uses it by now."""
    if not file.exists() or not PLACE.is_dir() or any(PLACE.iterdir()):
        return
    while os.path.ismount(PLACE):
        try:
            run(["umount", str(PLACE)])
        except CommandFailed:
            return  # somebody has just begun to use it
    with suppress(OSError):
        PLACE.rmdir()
