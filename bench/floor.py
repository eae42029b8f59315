"""What no orchestration can be faster than: hosts that boot, and bytes that reach the disk.

Boots the sandbox's image as the sandbox does, but without its network, its API and drkit, and
waits for sshd; writes as many bytes as a database has files and waits for the disk. Touches only
containers that it started itself.

    python -m bench.floor
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from bench.table import keep, load, table
from drkit.sandbox.hosts import IMAGE, LIMITS

_LIMIT = 120.0
"""Seconds that a boot may take."""
_POLL = 0.02
_USER_DATA = {
    "locale": False,
    "ssh_deletekeys": True,
    "ssh_genkeytypes": ["ed25519"],
    "users": [{"name": "admin", "shell": "/bin/bash", "sudo": "ALL=(ALL) NOPASSWD:ALL"}],
}


def boots(hosts: int) -> list[float]:
    """Seconds from ``podman run`` to a listening sshd, of each of ``hosts`` begun at once."""
    with (
        tempfile.TemporaryDirectory(prefix="drkit-bench-") as folder,
        ThreadPoolExecutor(hosts) as pool,
    ):
        return sorted(pool.map(lambda number: _boot(Path(folder), number), range(hosts)))


def _boot(folder: Path, number: int) -> float:
    seed = folder / f"seed-{number}"
    seed.mkdir()
    (seed / "meta-data").write_text(json.dumps({"instance-id": f"bench-{number}"}))
    (seed / "user-data").write_text("#cloud-config\n" + json.dumps(_USER_DATA))
    began = time.perf_counter()
    with _container(f"drkit-bench-{os.getpid()}-{number}", seed) as pid:
        # written by sshd once it listens (OpenSSH 9.2)
        sign = Path(f"/proc/{pid}", "root", "run/sshd.pid")
        while not sign.exists():
            if time.perf_counter() - began > _LIMIT:
                raise SystemExit(f"a host of {IMAGE} had no sshd after {_LIMIT:.0f} s")
            time.sleep(_POLL)
        return round(time.perf_counter() - began, 2)


@contextmanager
def _container(name: str, seed: Path) -> Iterator[int]:
    """A host without a network; its init's process id. It is removed at the end."""
    pid = seed.with_suffix(".pid")
    command = ["podman", "--runtime", "runc", "run", "--detach", "--name", name, "--pull", "never"]
    command += ["--network", "none", "--systemd", "always", *LIMITS, "--pidfile", str(pid)]
    command += ["--volume", f"{seed}:/var/lib/cloud/seed/nocloud:ro", IMAGE, "/lib/systemd/systemd"]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=_LIMIT)
        yield int(pid.read_text())
    finally:
        gone = ["podman", "rm", "--force", "--time", "0", "--volumes", "--ignore", name]
        subprocess.run(gone, check=True, capture_output=True, timeout=60)


def write_to_disk(size: int) -> float:
    """Seconds to write ``size`` bytes and have the disk say that it has them."""
    block = os.urandom(1 << 20)
    with tempfile.TemporaryFile(prefix="drkit-bench-") as file:
        began = time.perf_counter()
        for _ in range(size // len(block)):
            file.write(block)
        file.write(block[: size % len(block)])
        file.flush()
        os.fsync(file.fileno())
        return round(time.perf_counter() - began, 3)


def measure(size: int) -> dict[str, object]:
    """The floor of a region of six hosts and a database of ``size`` bytes."""
    found: dict[str, object] = {"load": load(), "one host boots": boots(1)[-1]}
    found["six hosts boot at once"] = boots(6)[-1]
    found["database MiB"] = round(size / (1 << 20), 1)
    found["database to disk"] = write_to_disk(size)
    return found


def main() -> None:
    found = measure(64 << 20)
    print(table([("floor (seconds)", ""), *found.items()]))
    print(f"\n{keep('floor', found)}")


if __name__ == "__main__":
    main()
