"""The calls of a cloud's API that a run made: by what they are told from others, and what became of
the rights that they took.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

ANY = "*"
"""The resource of a call whose record names none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One that a step made, once or often."""

    step: str
    action: str
    """The right that it takes, as policies name it: ``ec2:CreateVpc``."""
    resource: str
    """An ARN, or :data:`ANY`."""
    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """A right that an identity does not have now."""

    action: str
    resource: str
    region: str
    explicit: bool
    """Whether a policy denies it; else none allows it."""
    untold: tuple[str, ...] = ()
    """Keys of conditions by which it is decided, and which only a real call has."""

    def concerns(self, call: Call) -> bool:
        asked = (call.action, call.resource, call.region)
        return asked == (self.action, self.resource, self.region)


def mark_of(run: str, step: str) -> str:
    """What the clients of a step's tools say of themselves in each call, so that the cloud's record
    tells whose it was. SDKs take 50 characters at most, and ids of steps may be long.
    """
    return "drkit-" + hashlib.sha256(f"{run} {step}".encode()).hexdigest()[:20]
