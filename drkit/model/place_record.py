"""The records of a journal that tell of a place: the outside location, and the old site."""

from __future__ import annotations

from dataclasses import dataclass


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
