"""The generations of a site that nobody builds upon: an object each, outside.

``generations/REGION/N.json``, written before anything is built in its place. It is never taken away
and its reason never written over, so a generation that was left is built upon by nobody again,
whatever became of the run that left it. So is that of a validation, before its first resource.
Refuses to take what it cannot read for "not left".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from drkit.adapters.codec import to_json
from drkit.adapters.outside_store import OutsideStore, value_of
from drkit.errors import ConfigurationError
from drkit.model.record import Target

_PLACE = "generations"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passing:
    """That a generation was built to be taken away again: a validation's."""

    expires: datetime
    """From when on nobody waits for it any more."""
    kept: bool
    """Somebody looks around in it until then; else it goes with its run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftGeneration:
    """A generation that nobody builds upon: a person gave it up, or a validation built it."""

    target: Target
    reason: str
    operator: str
    """``user@host``; not proven."""
    at: datetime
    run: str = ""
    """The unfinished run that had built it; empty where there was none. Of a validation's, that."""
    passing: Passing | None = None
    """Of a validation's."""

    def may_go(self, now: datetime) -> bool:
        """Whether it is a validation's that nobody looks around in any more."""
        return self.passing is not None and not (self.passing.kept and now < self.passing.expires)


def leave_generation(store: OutsideStore, left: LeftGeneration) -> None:
    """Write down that a generation is left; one that was left before stays as it was written.

    Raises ConfigurationError.
    """
    store.put(_key(left.target), json.dumps(to_json(left), indent=1).encode())


def left_generations(store: OutsideStore, region: str) -> Mapping[int, LeftGeneration]:
    """Number → the generation of ``region`` that was left. Raises ConfigurationError, also for a
    word that stands in the place of another's: a copy is destroyed by it, unasked.
    """
    place = f"{_PLACE}/{region}/"
    found = {}
    for name in store.names(place):
        left = _read(store, place + name)
        if left is None:
            continue
        if place + name != _key(left.target):
            raise ConfigurationError(
                f"{place}{name} in the bucket outside says something of {left.target.name}",
                remedy="find out who wrote it, and bring back an older version of the object: the"
                " bucket keeps them",
            )
        found[left.target.generation] = left
    return found


def forget_passing(store: OutsideStore, target: Target) -> None:
    """Take the word of a validation's copy away; nobody else's. Raises ConfigurationError."""
    key = _key(target)
    word = _read(store, key)
    if word is not None and word.passing is not None:
        store.remove(key)


def _read(store: OutsideStore, key: str) -> LeftGeneration | None:
    stored = store.read(key)
    if stored is None:
        return None
    said = f"{key} in the bucket outside says nothing of a generation"
    return value_of(stored, LeftGeneration, said=said)


def _key(target: Target) -> str:
    return f"{_PLACE}/{target.region}/{target.generation}.json"
