"""Which instance types a region has no room for, as `drkit sandbox shortage` says.

A shortage is of a whole region, and of new instances alone: those that are there go on running, as
in AWS. Nothing else is ever short here, and quotas are another matter
(:mod:`drkit.sandbox.quotas`).
"""

from __future__ import annotations

from collections.abc import Mapping

from drkit.errors import UsageError
from drkit.sandbox import addresses


class Shortages:
    """Holds them. A change replaces the whole, so that other threads read the old or the new."""

    def __init__(self) -> None:
        self._by_region: Mapping[str, frozenset[str]] = {}

    @property
    def by_region(self) -> Mapping[str, frozenset[str]]:
        """Region → types; a region that has room for all of them is not named."""
        return self._by_region

    def of(self, region: str) -> frozenset[str]:
        """The types that ``region`` has no room for."""
        return self._by_region.get(region, frozenset())

    def begin(self, region: str, kind: str) -> None:
        """No new instance of type ``kind`` from now on. Raises UsageError for what is not here."""
        self._change(region, self.of(_known_region(region)) | {_known_type(kind)})

    def end(self, region: str, kind: str) -> None:
        """There is room again; there may have been before. Raises UsageError."""
        self._change(region, self.of(_known_region(region)) - {_known_type(kind)})

    def _change(self, region: str, kinds: frozenset[str]) -> None:
        changed = {**self._by_region, region: kinds}
        self._by_region = {name: short for name, short in changed.items() if short}


def _known_region(region: str) -> str:
    names = [door.region for door in addresses.REGIONS]
    if region not in names:
        raise UsageError(f"no region {region!r}", remedy=f"one of: {', '.join(names)}")
    return region


def _known_type(kind: str) -> str:
    if kind not in addresses.INSTANCE_TYPES:
        raise UsageError(
            f"no instance type {kind!r}", remedy=f"one of: {', '.join(addresses.INSTANCE_TYPES)}"
        )
    return kind
