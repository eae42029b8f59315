"""Random secrets for the reference shop, as an Ansible Vault file.

They are for one sandbox: the shop's certificate is issued by its authority, and the vault's
password is kept in its folder and goes with it. A file that is there is not overwritten unasked.
"""

from __future__ import annotations

import secrets
from pathlib import Path

import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from drkit.errors import UsageError
from drkit.sandbox.authority import Authority
from drkit.sandbox.folder import Folder, State, write_private

SHOP = "shop.example"
RANDOM = (
    "db_password",
    "restic_password",
    "pgbackrest_cipher_pass",
    "session_key",
    "card_key",
    "pulumi_passphrase",
)


def write(folder: Folder, path: Path, *, force: bool) -> None:
    """Generate secrets into ``path``. Raises SandboxError where no sandbox is up, UsageError
    where a file is in the way."""
    from ansible.parsing.vault import VaultLib, VaultSecret

    State.read(folder)
    if path.exists() and not force:
        raise UsageError(
            f"{path} is there already: its secrets may be in use",
            remedy="choose another --output, or --force to overwrite it",
        )
    if not folder.vault_password.exists():
        write_private(folder.vault_password, secrets.token_urlsafe(24) + "\n")
    secret = VaultSecret(folder.read_vault_password().encode())
    plain = yaml.safe_dump(generate(Authority(folder=folder.authority)))
    sealed = VaultLib([("default", secret)]).encrypt(plain, secret=secret)
    write_private(path, sealed.decode())


def generate(authority: Authority) -> dict[str, str]:
    """The secrets by name: random ones, an ssh key (OpenSSH), the shop's certificate (PEM)."""
    certificate = authority.issue(SHOP)
    found = {name: secrets.token_urlsafe(24) for name in RANDOM}
    found["ssh_key"] = (
        Ed25519PrivateKey.generate()
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.OpenSSH,
            serialization.NoEncryption(),
        )
        .decode()
    )
    found["tls_cert"] = certificate.certificate
    found["tls_key"] = certificate.key
    return found
