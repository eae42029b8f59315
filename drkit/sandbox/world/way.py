"""How customers reach the shop: by its name, the sandbox's DNS and the sandbox's authority.

Nothing else of this machine counts: no /etc/hosts, no resolver of its own, no proxy.
"""

from __future__ import annotations

import json
import ssl
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import cattrs
import httpx

from drkit.adapters.resolving import Addresses, ResolvingTransport, client
from drkit.errors import SandboxError
from drkit.sandbox.folder import Folder

SHOP = "https://shop.example"
PATIENCE = timedelta(seconds=4)
"""How long a customer waits to connect, and for each part of an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """The DNS answers (kept for their time to live) and the authority are shared by all; each
    visit has connections of its own, as each customer has."""

    addresses: Addresses
    trust: ssl.SSLContext

    def reach(self) -> httpx.Client:
        return client(ResolvingTransport(self.addresses, self.trust), address=SHOP, limit=PATIENCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    dns: str
    ca: Path


def way(folder: Folder) -> Way:
    """As ``sandbox.json`` in ``folder`` says. Raises SandboxError where no sandbox is up."""
    try:
        known = _CONVERTER.structure(json.loads(folder.state.read_text(encoding="utf-8")), _Known)
        trust = ssl.create_default_context(cafile=known.ca)
    except (OSError, ValueError, cattrs.BaseValidationError) as error:
        raise SandboxError(
            f"no sandbox is up: {folder.state}: {error}", remedy="drkit sandbox up"
        ) from error
    return Way(addresses=Addresses(known.dns, {}), trust=trust)


_CONVERTER = cattrs.Converter()
"""Lenient: the file tells others more."""
_CONVERTER.register_structure_hook(Path, lambda value, _: Path(value))
