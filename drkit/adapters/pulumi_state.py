"""What the state of a stack says before anything is done to it, and what a lock says."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pulumi.automation import Deployment

from drkit.adapters.pulumi_events import resource
from drkit.errors import EffectUnknown, StepError
from drkit.ports import Secret

_LOCK = re.compile(r"created by (?P<user>\S+)@(?P<host>\S+) \(pid (?P<pid>\d+)\)")
_SEED_TYPE = "drkit:ssh:HostKeySeed"
_INSTANCE = "aws:ec2/instance:Instance"


@dataclass(frozen=True, slots=True, kw_only=True)
class StackState:
    """A stack as its state has it."""

    resources: int
    """The stack itself and its providers included; 0: nothing was ever made."""
    seed: Secret | None
    """The seed of its hosts' ssh keys, where it has one and its secrets are in the clear."""
    sealed: bool
    """Whether it has one that is encrypted: its program would make another, and other keys."""
    pending: Sequence[str]
    """Resources whose creation, change or deletion was begun and never seen to end."""
    hosts: Mapping[str, str] = field(default_factory=dict)
    """Its instances, by their ids, and what the program calls them: none that is to be deleted."""

    def must_be_whole(self, stack: str) -> None:
        """Raise EffectUnknown if an earlier update was cut off."""
        if self.pending:
            raise EffectUnknown(
                f"an earlier update of {stack} was cut off while it worked on "
                + ", ".join(self.pending),
                remedy="run the rebuild again: it clears that away before it goes on",
            )


def read_state(exported: Deployment) -> StackState:
    """What drkit wants to know of an exported state (secrets in the clear), or a stored one."""
    # Any: the document is Pulumi's, of version 3; only what is named here is read
    document: Mapping[str, Any] = exported.deployment or {}
    resources = document.get("resources") or []
    seeds = [entry["inputs"]["seed"] for entry in resources if entry["type"] == _SEED_TYPE]
    # of a secret, Pulumi has the one or the other
    sealed = any(isinstance(seed, dict) and "plaintext" not in seed for seed in seeds)
    pending = document.get("pending_operations") or []
    return StackState(
        resources=len(resources),
        seed=Secret(_plain(seeds[0])) if seeds and not sealed else None,
        sealed=sealed,
        pending=tuple(f"{resource(op['resource']['urn'])} ({op['type']})" for op in pending),
        hosts={
            entry["id"]: resource(entry["urn"]).rpartition(" ")[2]
            for entry in resources
            if entry["type"] == _INSTANCE and entry.get("id") and not entry.get("delete")
        },
    )


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
