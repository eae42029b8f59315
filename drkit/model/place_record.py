"""The records of a journal that tell of a place: the outside location, the old site, and what a
validation took away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideLost:
    """The outside location did not take what was written: the run goes on with this machine's copy
    alone, and nobody else can carry it on until the records are there."""

    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideBack:
    """The outside location has all records again, this one included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteReopened:
    """The old site is being given back to its customers: what was restored before is old from here
    on. It serves them once :class:`SiteServed` says so."""

    site: str
    """Name of the target that serves again."""
    reason: str
    operator: str
    key: str = ""
    """Public key of the place that says so; others may have written before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteServed:
    """Every host of the old site was opened: it serves its customers again."""

    site: str
    """As in :class:`SiteReopened`."""
    operator: str
    key: str = ""
    """As in :class:`SiteReopened`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyRemoved:
    """What a validation had built was taken away, its own or what an earlier one had left."""

    generation: str
    """Name of the target."""
    removed: Mapping[str, int]
    """Stack → how many resources went."""
    stays: Mapping[str, str]
    """Stack, or resource → why it is still there, and what to do."""
    elapsed: timedelta


PlaceBody = OutsideLost | OutsideBack | SiteReopened | SiteServed | CopyRemoved
PLACE_KINDS: Mapping[str, type] = {
    "outside.lost": OutsideLost,
    "outside.back": OutsideBack,
    "site.reopened": SiteReopened,
    "site.served": SiteServed,
    "copy.removed": CopyRemoved,
}
