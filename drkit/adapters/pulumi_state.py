"""What the state of a stack says before anything is done to it, and what a lock says."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pulumi.automation import Deployment

from drkit.adapters.pulumi_events import resource
from drkit.errors import EffectUnknown, StepError
from drkit.ports import Secret

_LOCK = re.compile(r"created by (?P<user>\S+)@(?P<host>\S+) \(pid (?P<pid>\d+)\)")
_PACKED = b"\x1f\x8b"
"""First bytes of gzip, which Pulumi packs with where PULUMI_DIY_BACKEND_GZIP is set."""
_SEED_TYPE = "drkit:ssh:HostKeySeed"


@dataclass(frozen=True, slots=True, kw_only=True)
class StackState:
    """A stack as its state has it."""

    resources: int
    """The stack itself and its providers included; 0: nothing was ever made."""
    seed: Secret | None
    """The seed of its hosts' ssh keys, where it has one."""
    pending: Sequence[str]
    """Resources whose creation, change or deletion was begun and never seen to end."""

    def must_be_whole(self, stack: str) -> None:
        """Raise EffectUnknown if an earlier update was cut off."""
        if self.pending:
            raise EffectUnknown(
                f"an earlier update of {stack} was cut off while it worked on "
                + ", ".join(self.pending),
                remedy="run the rebuild again: it clears that away before it goes on",
            )


def read_state(exported: Deployment) -> StackState:
    """What drkit wants to know of an exported state (secrets in the clear)."""
    # Any: the document is Pulumi's, of version 3; only what is named here is read
    document: Mapping[str, Any] = exported.deployment or {}
    resources = document.get("resources") or []
    seeds = [entry["inputs"]["seed"] for entry in resources if entry["type"] == _SEED_TYPE]
    pending = document.get("pending_operations") or []
    return StackState(
        resources=len(resources),
        seed=Secret(_plain(seeds[0])) if seeds else None,
        pending=tuple(f"{resource(op['resource']['urn'])} ({op['type']})" for op in pending),
    )


class Damaged(Exception):
    """A stored state that Pulumi could not read, or would take for one that holds nothing."""


def read_stored(body: bytes, *, project: str, stack: str) -> dict[str, Any]:
    """The document that Pulumi keeps a state in, plain or packed; secrets are encrypted in it.

    Raises Damaged. The CLI is not asked: it takes ``{}`` for a stack that has nothing yet, and
    would make everything a second time (pulumi 3.259).
    """
    try:
        document = json.loads(gzip.decompress(body) if body.startswith(_PACKED) else body)
    except (ValueError, OSError, EOFError) as error:
        raise Damaged(f"{len(body)} bytes that are no whole JSON") from error
    try:
        owner = str(document["checkpoint"]["stack"]).split("/")
        resources = resources_of(document)
        nameless = [entry for entry in resources if not (entry["urn"] and entry["type"])]
    except (LookupError, TypeError, AttributeError) as error:
        raise Damaged("not a state of Pulumi's") from error
    if owner[-1] != stack or (len(owner) > 1 and owner[-2] != project):
        raise Damaged(f"the state of {'/'.join(owner[-2:])}")
    if nameless:
        raise Damaged("resources without a name in it")
    return dict(document)


def resources_of(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The resources of a stored state; none where no update was ever begun."""
    return list((document["checkpoint"].get("latest") or {}).get("resources") or ())


def pending_in(document: Mapping[str, Any]) -> bool:
    """Whether an update of a stored state was begun and never seen to end."""
    return bool((document["checkpoint"].get("latest") or {}).get("pending_operations"))


def _plain(value: str | Mapping[str, str]) -> str:
    """A secret of an exported state is its JSON under ``plaintext``."""
    return value if isinstance(value, str) else str(json.loads(value["plaintext"]))


def locked(stack: str, said: str) -> StepError:
    """The error for a stack that somebody else has begun to update, from what the CLI said."""
    found = _LOCK.search(said)
    owner = f" by {found['user']}@{found['host']} (pid {found['pid']})" if found else ""
    return StepError(
        f"{stack} is being updated{owner} since a moment ago", remedy="wait until that has ended"
    )
