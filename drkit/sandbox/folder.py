"""Where the sandbox keeps what it must find again, and the file that tells others about it.

One folder, mode 0700, made by `up` and removed whole by `down`. The daemon's state (moto, hosts,
rules) is not here: it lives and dies with the daemon.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from drkit.errors import SandboxError
from drkit.sandbox import addresses

VERSION: Final = 1
SOCKET_LIMIT: Final = 100
"""Unix sockets have paths of at most 107 bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    path: Path

    @classmethod
    def chosen(cls, environment: Mapping[str, str] = os.environ) -> Folder:
        """$DRKIT_SANDBOX, else drkit/sandbox in the user's state folder."""
        if chosen := environment.get("DRKIT_SANDBOX"):
            return cls(path=Path(chosen).absolute())
        state = environment.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
        return cls(path=Path(state) / "drkit" / "sandbox")

    def make(self) -> None:
        """Create the folder. Raises SandboxError if its path is too long for a socket."""
        if len(str(self.socket)) > SOCKET_LIMIT:
            raise SandboxError(
                f"the sandbox's folder {self.path} has too long a path for a socket",
                remedy="set DRKIT_SANDBOX to a shorter one",
            )
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path.chmod(0o700)

    def refuse_foreign(self) -> None:
        """Raise SandboxError for a folder with files of which none is a sandbox's: `down` would
        remove it whole, be it somebody's home.
        """
        found = set(self.path.iterdir()) if self.path.is_dir() else set()
        # An interrupted removal may leave any part of what is ours.
        if found.difference(self._marks | self._common) and not found.intersection(self._marks):
            raise SandboxError(
                f"{self.path} holds files that are no sandbox's, and its folder is removed whole",
                remedy="set DRKIT_SANDBOX to a folder of its own, or unset it",
            )

    @property
    def _marks(self) -> frozenset[Path]:
        """Names by which a folder is known as a sandbox's."""
        named = (self.state, self.socket, self.log, self.process, self.vault_password)
        return frozenset({*named, self.authority})

    @property
    def _common(self) -> frozenset[Path]:
        """Names that a sandbox gives, and that others may give too."""
        written = (new_name(self.state), new_name(self.vault_password))
        made = (self.front, self.hosts, self.pulumi_home, self.temporary, self.world)
        return frozenset({*made, *written, self.first_namespace})

    @property
    def state(self) -> Path:
        return self.path / "sandbox.json"

    @property
    def first_namespace(self) -> Path:
        """See :mod:`drkit.sandbox.namespaces`."""
        return self.path / "first-namespace"

    @property
    def socket(self) -> Path:
        return self.path / "daemon.sock"

    @property
    def log(self) -> Path:
        return self.path / "daemon.log"

    @property
    def process(self) -> Path:
        return self.path / "daemon.json"

    @property
    def authority(self) -> Path:
        return self.path / "authority"

    @property
    def front(self) -> Path:
        return self.path / "front"

    @property
    def hosts(self) -> Path:
        return self.path / "hosts"

    @property
    def pulumi_home(self) -> Path:
        return self.path / "pulumi"

    @property
    def temporary(self) -> Path:
        return self.path / "tmp"

    @property
    def world(self) -> Path:
        return self.path / "world"

    @property
    def vault_password(self) -> Path:
        return self.path / "vault-password"

    def read_vault_password(self) -> str:
        """Raises SandboxError before secrets were written."""
        try:
            return self.vault_password.read_text().strip()
        except FileNotFoundError as error:
            raise SandboxError(
                "this sandbox has written no secrets yet", remedy="drkit sandbox secrets"
            ) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """An access key. The file that holds it is readable by its owner only."""

    key: str
    secret: str

    def __repr__(self) -> str:
        return f"Key(key={self.key!r}, secret=[secret])"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What a client of the sandbox needs to know; written once per `up`."""

    pid: int
    ca: Path
    operator: Key
    pulumi_home: Path

    def write(self, folder: Folder) -> None:
        regions = {d.region: {"endpoint": d.url, "name": d.name} for d in addresses.DOORS}
        world = {s: f"https://{addresses.world_name(s)}" for s in addresses.WORLD_SERVICES}
        document = {
            "version": VERSION,
            "account": addresses.ACCOUNT,
            "pid": self.pid,
            "ca": str(self.ca),
            "dns": addresses.NAME_SERVER,
            "regions": regions,
            "credentials": {"operator": asdict(self.operator)},
            "pulumi_home": str(self.pulumi_home),
            "world": {"address": addresses.WORLD, **world},
        }
        write_private(folder.state, json.dumps(document, indent=2) + "\n")

    @classmethod
    def read(cls, folder: Folder) -> State:
        """Raises SandboxError where no sandbox is up."""
        try:
            document = json.loads(folder.state.read_text())
        except FileNotFoundError as error:
            raise SandboxError(
                f"no sandbox is up (no {folder.state})", remedy="drkit sandbox up"
            ) from error
        return cls(
            pid=document["pid"],
            ca=Path(document["ca"]),
            operator=Key(**document["credentials"]["operator"]),
            pulumi_home=Path(document["pulumi_home"]),
        )


def new_name(path: Path) -> Path:
    """What :func:`write_private` calls a file until it is whole."""
    return path.with_name(path.name + ".new")


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner reads, at once or not at all."""
    new = new_name(path)
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    new.replace(path)
