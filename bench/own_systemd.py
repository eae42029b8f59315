"""A systemd of the user that asks, on a machine that was not booted by one: real timers and units.

It runs in a control group of its own, so that it manages no process that it did not start, and in
mounts of its own: it begins only where /run/systemd/system is. Of the mounts of others (containers,
their networks) it lets go first: kept there, they would outlive their containers. Needs root.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_HIERARCHIES = [Path("/sys/fs/cgroup") / name for name in ("", "unified", "systemd")]
_NAME = "drkit-bench-night"
_LIMIT = 30
"""Seconds until it answers, and until it is gone."""
_BEGIN = """
for place; do echo $$ > "$place/cgroup.procs"; done
exec unshare --mount --propagation private sh -c '
umount --all --types overlay,nsfs 2>/dev/null
mount -t tmpfs none /run && mkdir -p /run/systemd/system &&
exec /lib/systemd/systemd --user --unit=timers.target'
"""


@contextmanager
def own_systemd(folder: Path) -> Iterator[None]:
    """``systemctl --user`` is answered until the end of the block; its units stand below
    ``folder``. Raises SystemExit where it does not begin.
    """
    given = {"XDG_RUNTIME_DIR": str(folder / "runtime"), "XDG_CONFIG_HOME": str(folder / "config")}
    for place in given.values():
        Path(place).mkdir(mode=0o700)
    groups = [place / _NAME for place in _HIERARCHIES if (place / "cgroup.procs").exists()]
    for group in groups:
        group.mkdir(exist_ok=True)
    os.environ |= given
    log = folder / "systemd.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            ["/bin/sh", "-ec", _BEGIN, "begin", *map(str, groups)],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env=os.environ | {"SYSTEMD_LOG_TARGET": "console"},
        )
    try:
        _await(process, log)
        yield
    finally:
        systemctl("exit")
        process.wait(_LIMIT)
        for group in groups:
            for each in [*sorted(group.rglob("*/"), reverse=True), group]:
                each.rmdir()


def systemctl(*words: str) -> subprocess.CompletedProcess[str]:
    command = ["systemctl", "--user", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=_LIMIT, check=False)


def _await(process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _LIMIT
    while systemctl("is-active", "timers.target").stdout.strip() != "active":
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"no systemd of the user begins here:\n{log.read_text()}")
        time.sleep(0.1)
