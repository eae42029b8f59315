"""What differs between two versions of a plan, said key by key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

_LONGEST = 60


def plan_changes(before: Mapping[str, object], now: Mapping[str, object]) -> Iterator[str]:
    """A line for each key that was added, taken out or changed, in the order of their paths.

    ``before`` and ``now`` are plans as parsed. Nothing is said of files that they name: a mended
    playbook, stack or check is no change of the plan (law 2).
    """
    yield from _changes(before, now, "")


def _changes(before: Mapping[str, object], now: Mapping[str, object], path: str) -> Iterator[str]:
    for key in sorted({*before, *now}):
        place = f"{path}{key}"
        if key not in now:
            yield f"{place}: taken out (was {_shown(before[key])})"
        elif key not in before:
            yield f"{place}: added ({_shown(now[key])})"
        else:
            was, is_now = before[key], now[key]
            if isinstance(was, Mapping) and isinstance(is_now, Mapping):
                yield from _changes(was, is_now, f"{place}.")
            elif was != is_now:
                yield f"{place}: was {_shown(was)}, is {_shown(is_now)}"


def _shown(value: object) -> str:
    """Short: a person looks for the place, and finds the rest in the file."""
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
