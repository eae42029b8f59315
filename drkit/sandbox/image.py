"""The host image `shop-12`: built once per machine from the recipe that ships in the package.

The image carries the digest of its recipe as a label; a changed recipe builds it anew. The base
that mmdebstrap made is kept in the user's cache folder, because it takes longest and changes
least. Building needs the machine's package mirror, and nothing of the sandbox.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from importlib.resources import as_file, files
from pathlib import Path
from typing import Final

from drkit.sandbox.commands import CommandFailed, exists, podman, run
from drkit.sandbox.hosts import IMAGE, LIMITS

BASES: Final = "localhost/drkit-sandbox/base"
SUITE: Final = "bookworm"
VARIANT: Final = ("--variant=minbase", "--format=tar")
PACKAGES: Final = (
    "systemd", "systemd-sysv", "dbus", "python3", "openssh-server", "iproute2",
    "ca-certificates", "procps",
)  # fmt: skip
LABEL: Final = "drkit.recipe"
LIMIT: Final = timedelta(minutes=20)

Say = Callable[[str], None]


def digest() -> str:
    """The digest of all that decides what the image is."""
    seen = hashlib.sha256(json.dumps([SUITE, PACKAGES]).encode())
    for name, content in _recipe():
        seen.update(name.encode() + b"\0" + content)
    return seen.hexdigest()[:16]


def base() -> str:
    """The base's name in podman. Its tag is the digest of what it is made of, so that a changed
    list of packages is never built upon the base of the old one."""
    return f"{BASES}:{_base_digest()}"


def is_built() -> bool:
    """Whether the image is there and of this recipe."""
    try:
        described = json.loads(podman("image", "inspect", IMAGE))
    except CommandFailed:
        return False
    return bool((described[0].get("Labels") or {}).get(LABEL) == digest())


def build(say: Say) -> None:
    """Build the image, unless it is there; ``say`` is told what takes long. Raises
    CommandFailed with the words of the tool that failed."""
    if is_built():
        return
    if not exists("image", base()):
        archive = _cached_base(say)
        say("importing the base")
        podman("import", "--quiet", str(archive), base(), limit=LIMIT)
    say("installing the shop's packages into the image (a minute, once per machine)")
    with tempfile.TemporaryDirectory() as place:
        for name, content in _recipe():
            (Path(place) / name).write_bytes(content)
        podman(
            "build", "--quiet", "--network", "host", *LIMITS, "--build-arg", f"BASE={base()}",
            "--label", f"{LABEL}={digest()}", "--tag", IMAGE, place, limit=LIMIT,
        )  # fmt: skip


def remove() -> None:
    """Remove the image, its bases (also those of older lists of packages) and the cache."""
    listed = podman(
        "images", "--filter", f"reference={BASES}", "--format", "{{.Repository}}:{{.Tag}}"
    )
    for image in (IMAGE, *listed.split()):
        if exists("image", image):
            podman("rmi", "--force", image)
    shutil.rmtree(cache(), ignore_errors=True)


def cache(environment: Mapping[str, str] = os.environ) -> Path:
    home = environment.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "drkit" / "sandbox"


def _base_digest() -> str:
    return hashlib.sha256(json.dumps([SUITE, PACKAGES]).encode()).hexdigest()[:12]


def _cached_base(say: Say) -> Path:
    archive = cache() / f"base-{_base_digest()}.tar"
    if not archive.exists():
        say("making a Debian base with mmdebstrap (a minute, once per machine)")
        archive.parent.mkdir(parents=True, exist_ok=True)
        new = archive.with_name("new.tar")
        run(
            ["mmdebstrap", *VARIANT, f"--include={','.join(PACKAGES)}", SUITE, str(new)],
            limit=LIMIT,
        )
        new.replace(archive)
    return archive


def _recipe() -> Iterator[tuple[str, bytes]]:
    with as_file(files("drkit.sandbox") / "recipe") as folder:
        for path in sorted(folder.iterdir()):
            if path.is_file():
                yield path.name, path.read_bytes()
