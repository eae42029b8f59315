"""The versions that a run ran with: for the journal."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

_PACKAGES = (
    "drkit",
    "pulumi",
    "pulumi-aws",
    "ansible-core",
    "ansible-runner",
    "mitogen",
    "pytest",
    "pytest-testinfra",
)


def versions() -> Mapping[str, str]:
    """Package → version, for those that are installed; and Python's."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
