"""That a generation is to be destroyed which customers were on: two objects, outside.

``removals/REGION/N.json`` says that people are asked, by which name, and why; taken away once one
of them said no. ``reaped/REGION/NAME.json`` says who agreed and who destroyed it, one object for
each asking, is written before the first resource goes, and its first word stays.
"""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass, replace
from datetime import datetime

from drkit.adapters.codec import to_json
from drkit.adapters.outside_store import OutsideStore, value_of
from drkit.errors import ConfigurationError
from drkit.model.record import GateAnswered, Target

DESTROY = "destroy"
"""What stands for the step, where a gate of a run is answered."""
_NAME = re.compile(r"\d{8}-\d{6}-reap-(?P<region>.+)\.g(?P<generation>\d+)-[0-9a-f]{4}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """What people are asked: to have ``target`` destroyed."""

    target: Target
    name: str
    """What stands for the run: answers name it. Each asking has its own, so that nobody's no is for
    ever, and no yes is for another."""
    reason: str
    operator: str
    """``user@host`` who asks; not proven."""
    at: datetime
    plan: str = ""
    """Digest of the plan by which they are asked: a yes by another is none. Empty: not kept."""
    agreed: GateAnswered | None = None
    """Who said yes."""
    destroyer: str = ""
    """``user@host`` who destroyed it then; not proven."""


def new_name(target: Target, now: datetime) -> str:
    """``20261128-004501-reap-eu-west-3.g1-7c1f``."""
    return f"{now:%Y%m%d-%H%M%S}-reap-{target.name}-{secrets.token_hex(2)}"


def removal_named(name: str) -> tuple[str, int] | None:
    """Region and generation that such a name is of; None: it is none."""
    found = _NAME.fullmatch(name)
    return (found["region"], int(found["generation"])) if found else None


def read_removal(store: OutsideStore, target: Target) -> Removal | None:
    """What is asked of ``target``; None: nothing is. Raises ConfigurationError."""
    key = _key(target)
    stored = store.read(key)
    if stored is None:
        return None
    found = value_of(
        stored,
        Removal,
        said=f"{key} in the bucket outside says nothing of a removal",
        remedy="remove the object: the same command asks anew",
    )
    if found.target != target or removal_named(found.name) != (target.region, target.generation):
        raise ConfigurationError(
            f"{key} in the bucket outside says something of {found.name}",
            remedy="find out who wrote it, and remove the object: the same command asks anew",
        )
    return found


def ask_removal(store: OutsideStore, removal: Removal) -> None:
    """Write down what people are asked; what was asked before stays. Raises ConfigurationError."""
    _write(store, _key(removal.target), removal)


def drop_removal(store: OutsideStore, target: Target) -> None:
    """Ask no more. Raises ConfigurationError."""
    store.remove(_key(target))


def note_reaped(store: OutsideStore, removal: Removal, destroyer: str) -> None:
    """Write down who destroys it, who agreed, and why. Raises ConfigurationError."""
    key = f"reaped/{removal.target.region}/{removal.name}.json"
    _write(store, key, replace(removal, destroyer=destroyer))


def _write(store: OutsideStore, key: str, removal: Removal) -> None:
    store.put(key, json.dumps(to_json(removal), indent=1).encode())


def _key(target: Target) -> str:
    return f"removals/{target.region}/{target.generation}.json"
