"""Signed heads: how far a journal had come, said by the key of whoever wrote it.

A head is the number of records and the hash of the last one. Each line holds the hash of the one
before, so a head vouches for every record up to it: none can be changed, taken out, moved, or cut
off from the end, without the head saying so. Kept with each segment outside, in the lease, and on
each machine that has seen one.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

from drkit.adapters.codec import canonical, from_json, to_json

PURPOSE = "drkit-journal-head"
"""Part of what is signed: a signature that was made for something else is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    run: str
    records: int
    last: str
    """Hash of the last of them."""

    def statement(self, key: str) -> bytes:
        """What is signed: canonical JSON, the key itself included."""
        return canonical([PURPOSE, self.run, self.records, self.last, key]).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedHead:
    head: Head
    key: str
    """The public key, as OpenSSH writes it: ``ssh-ed25519 AAAA…``."""
    signature: str
    """Base64, of ed25519."""

    def is_sound(self) -> bool:
        """Whether the holder of ``key`` said exactly this."""
        try:
            key = load_ssh_public_key(self.key.encode())
            signature = base64.b64decode(self.signature, validate=True)
        except (ValueError, UnsupportedAlgorithm):
            return False
        # what is left over in its last letter says nothing, and may hide nothing
        canonical_form = base64.b64encode(signature).decode() == self.signature
        if not isinstance(key, Ed25519PublicKey) or not canonical_form:
            return False
        try:
            key.verify(signature, self.head.statement(self.key))
        except InvalidSignature:
            return False
        return True


def written(signed: SignedHead) -> str:
    """One line of ASCII, for a place that takes no more."""
    return json.dumps(to_json(signed), separators=(",", ":"))


def read(text: str) -> SignedHead | None:
    """The inverse of :func:`written`; None for what is no head."""
    try:
        return from_json(json.loads(text), SignedHead)
    except Exception:  # noqa: BLE001 - cattrs raises what the value makes of it; none of it is a head
        return None


def fingerprint(key: str) -> str:
    """As ``ssh-keygen -l`` shows it: short enough for two people to compare."""
    try:
        blob = base64.b64decode(key.split()[1])
    except (ValueError, IndexError):
        return f"no key ({key[:20]!r})"
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
