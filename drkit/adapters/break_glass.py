"""Sealed codes that stand in for a missing second person: made here, and proven without being told.

A code is 100 random bits on paper. From it and a salt scrypt derives an ed25519 key; the plan holds
the seal: the salt and the public half. Whoever breaks a code signs with the private half the very
statement that they sign with their own ssh key, and only the signature leaves their machine. So
whoever reads plan, bucket and journal can neither guess a code (2^100 times scrypt), nor use a
signature for another gate, run or person than its own.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Iterable

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from drkit.ports import Secret

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no letter that is taken for a digit when a tired person reads it."""
_MISREAD = str.maketrans("OIL", "011")
_LENGTH, _GROUP = 20, 5
_SALT, _KEY = 16, 32
_CONTEXT = b"drkit-break-glass\n"
"""Begins what is signed: a signature of this key that was made for something else is none."""


def new_code() -> Secret:
    """``K7Q2M-9XTPA-04RWE-BCDFG``: 20 random characters of 5 bits each."""
    drawn = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
    return Secret("-".join(drawn[at : at + _GROUP] for at in range(0, _LENGTH, _GROUP)))


def seal(code: Secret) -> str:
    """What the plan is to hold of ``code``: 48 bytes in base 64, another one with each call."""
    salt = secrets.token_bytes(_SALT)
    public = _key(code, salt).public_key().public_bytes_raw()
    return base64.b64encode(salt + public).decode()


def seal_name(made: str) -> str:
    """The name that a code has in every output, and on its envelope: 8 hexadecimal digits."""
    return hashlib.sha256(made.encode()).hexdigest()[:8]


def seal_of(code: Secret, seals: Iterable[str]) -> str | None:
    """The one of ``seals`` that was made of ``code``; None: it is no code of theirs."""
    for made in seals:
        salt, public = _parts(made)
        if _key(code, salt).public_key().public_bytes_raw() == public:
            return made
    return None


def prove(code: Secret, made: str, statement: str) -> str:
    """That whoever makes ``statement`` has the code of the seal ``made``: a signature, base 64."""
    salt, _ = _parts(made)
    return base64.b64encode(_key(code, salt).sign(_CONTEXT + statement.encode())).decode()


def is_proven(made: str, statement: str, proof: str) -> bool:
    """Whether ``proof`` was made with the code of ``made``, for exactly this statement."""
    _, public = _parts(made)
    try:
        signature = base64.b64decode(proof, validate=True)
        Ed25519PublicKey.from_public_bytes(public).verify(signature, _CONTEXT + statement.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def _parts(made: str) -> tuple[bytes, bytes]:
    whole = base64.b64decode(made)
    return whole[:_SALT], whole[_SALT:]


def _key(code: Secret, salt: bytes) -> Ed25519PrivateKey:
    typed = re.sub(r"[\s-]", "", code.reveal()).upper().translate(_MISREAD)
    seed = hashlib.scrypt(typed.encode(), salt=salt, n=2**14, r=8, p=1, dklen=_KEY)
    return Ed25519PrivateKey.from_private_bytes(seed)
