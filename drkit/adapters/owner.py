"""A place as the owner of journals: its key, and the heads of journals that it has seen.

The key is made at first use, readable by its owner alone, and never leaves this folder. It is one
machine's: a folder that is copied to another machine makes a key of its own there.
"""

from __future__ import annotations

import base64
import contextlib
import os
import socket
from functools import cached_property
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from drkit.adapters.heads import Head, SignedHead, read, written
from drkit.adapters.private import private_file, private_folder
from drkit.errors import ConfigurationError


class Owner:
    """The place whose folder is ``plan_root``. Raises ConfigurationError for a key that is none."""

    def __init__(self, plan_root: Path) -> None:
        self._folder = plan_root / ".drkit"
        self._path = self._folder / f"owner.{socket.gethostname()}.key"

    @cached_property
    def key(self) -> str:
        """The public part, as OpenSSH writes it."""
        form = serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
        return self._private.public_key().public_bytes(*form).decode()

    @cached_property
    def _private(self) -> Ed25519PrivateKey:
        if not self._path.exists():
            self._make()
        try:
            key = serialization.load_pem_private_key(self._path.read_bytes(), None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise self._no_key() from error
        if not isinstance(key, Ed25519PrivateKey):
            raise self._no_key()
        return key

    def _make(self) -> None:
        """Of two that make one at once the first is kept: a key must never change under a run."""
        private_folder(self._folder)
        form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        made = Ed25519PrivateKey.generate().private_bytes(*form, serialization.NoEncryption())
        fresh = self._path.with_suffix(f".{os.getpid()}")
        with private_file(fresh, "w") as file:
            file.write(made.decode())
        with contextlib.suppress(FileExistsError):
            os.link(fresh, self._path)
        fresh.unlink()

    def _no_key(self) -> ConfigurationError:
        return ConfigurationError(
            f"{self._path} is no ed25519 key, with which this place signs its journals",
            remedy="take the file away: a new key is made, and what the old one signed stays valid",
        )

    def sign(self, head: Head) -> SignedHead:
        signature = self._private.sign(head.statement(self.key))
        return SignedHead(head=head, key=self.key, signature=base64.b64encode(signature).decode())

    def remember(self, seen: SignedHead) -> None:
        """Keep the longest head of each run that was seen and is sound."""
        before = self.remembered(seen.head.run)
        known = before.head.records if before and before.is_sound() else 0
        if seen.head.records <= known or not seen.is_sound():
            return
        path = self._memory(seen.head.run)
        private_folder(self._folder)
        private_folder(path.parent)
        fresh = path.with_suffix(f".{os.getpid()}")
        with private_file(fresh, "w") as file:
            file.write(written(seen))
        fresh.replace(path)

    def remembered(self, run: str) -> SignedHead | None:
        """The longest head of ``run`` that this place has seen."""
        path = self._memory(run)
        return read(path.read_text(errors="replace")) if path.exists() else None

    def _memory(self, run: str) -> Path:
        return self._folder / "heads" / f"{Path(run).name}.json"
