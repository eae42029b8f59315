"""Records and other values ↔ JSON values: one converter, strict both ways."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TypeVar

import cattrs

from drkit.ports import Secret

T = TypeVar("T")


@cache
def converter() -> cattrs.Converter:
    """Times as RFC 3339 in UTC, durations in seconds, unknown keys refused."""
    made = cattrs.Converter(forbid_extra_keys=True)
    made.register_unstructure_hook(datetime, format_time)
    made.register_structure_hook(datetime, lambda value, _: parse_time(value))
    made.register_unstructure_hook(timedelta, lambda value: value.total_seconds())
    made.register_structure_hook(timedelta, lambda value, _: timedelta(seconds=value))
    made.register_unstructure_hook(Path, str)
    made.register_structure_hook(Path, lambda value, _: Path(value))
    made.register_unstructure_hook(Secret, _refuse)
    made.register_structure_hook_func(lambda cls: cls is object, lambda value, _: value)
    return made


def _refuse(value: Secret) -> object:
    raise TypeError(f"{value} may not be written out")


def format_time(value: datetime) -> str:
    """``2026-11-23T05:01:02.123456Z``."""
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def parse_time(text: str) -> datetime:
    """The inverse of :func:`format_time`. Raises ValueError for a time without a zone."""
    value = datetime.fromisoformat(text)
    if value.tzinfo is None:
        raise ValueError(f"{text!r} names no time zone: add Z for UTC")
    return value.astimezone(UTC)


def canonical(value: object) -> str:
    """JSON values as the one text that is hashed or signed: sorted keys, no spaces, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def to_json(value: object) -> object:
    """A frozen value → what ``json.dumps`` takes."""
    return converter().unstructure(value)


def from_json(value: object, cls: type[T]) -> T:
    """The inverse of :func:`to_json`. Raises ``cattrs.BaseValidationError``."""
    return converter().structure(value, cls)
