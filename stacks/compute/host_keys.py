"""The ssh host keys of one generation: derived from one seed, so that an `up` gives them again."""

import hashlib
import hmac

import pulumi
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)


class HostKeySeed(pulumi.ComponentResource):
    """Keeps the seed in the stack's state, as a secret, before the first host exists."""

    def __init__(self, name: str, seed: pulumi.Output[str]) -> None:
        super().__init__("drkit:ssh:HostKeySeed", name, {"seed": seed})
        self.seed = pulumi.Output.all(seed, self.urn).apply(lambda known: str(known[0]))
        self.register_outputs({"seed": seed})


def host_key(host: str, seed: str) -> tuple[str, str]:
    """The private and public ssh host key of ``host``, in OpenSSH's format."""
    key = Ed25519PrivateKey.from_private_bytes(
        hmac.digest(seed.encode(), host.encode(), hashlib.sha256)
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    return private.decode(), public.decode()
