"""Where the Pulumi CLI is: a suitable one on PATH, else drkit's own in the user's cache.

Suitable is the version that drkit was tested with, whatever its patch: events and state formats
change between minor versions. :mod:`drkit.toolchain.obtain` gets it where there is none.
"""

from __future__ import annotations

import os
import shutil
from datetime import timedelta
from pathlib import Path

from drkit import processes
from drkit.errors import ConfigurationError, DrkitError

VERSION = "3.259.0"
"""The CLI that goes with the Pulumi SDK in pyproject.toml."""
_LIMIT = timedelta(seconds=10)


def cache_folder() -> Path:
    """The user's cache for what drkit makes once per machine."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "drkit"


def cached_pulumi() -> Path:
    """Where drkit keeps its CLI, whether or not it is there."""
    return cache_folder() / "pulumi" / VERSION / "pulumi"


def find_pulumi() -> Path:
    """The CLI to use. Raises ConfigurationError with the remedy if there is none."""
    unsuitable = ""
    if on_path := shutil.which("pulumi"):
        found = version_of(Path(on_path))
        if suitable(found):
            return Path(on_path)
        unsuitable = f"; {on_path} is {found or 'not working'}"
    if os.access(cached_pulumi(), os.X_OK):
        return cached_pulumi()
    raise ConfigurationError(
        f"there is no Pulumi CLI {VERSION} here{unsuitable}",
        remedy="run `drkit doctor --fix`: it gets or builds it, once per machine",
    )


def suitable(version: str) -> bool:
    """Whether a CLI of this version may be used: the same major and minor as drkit's own."""
    return version.split(".")[:2] == VERSION.split(".")[:2]


def version_of(path: Path) -> str:
    """``3.259.0``; empty for a program that does not answer."""
    environment = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        answer = processes.run([str(path), "version"], limit=_LIMIT, env=environment)
    except DrkitError:
        return ""
    return answer.out.strip().removeprefix("v") if answer.code == 0 else ""
