"""What follows from what, along any relation between names."""

from __future__ import annotations

from collections.abc import Callable, Iterable


def closure(names: Iterable[str], following: Callable[[str], Iterable[str]]) -> frozenset[str]:
    """``names``, all that follows from each, and so on: every one of them once."""
    found: set[str] = set()
    todo = list(names)
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo.extend(following(name))
    return frozenset(found)
