"""Waits until new hosts answer by ssh: a cloud says "running" long before sshd listens.

A jump host that is up refuses on behalf of a host that is not yet, and ssh does not try again by
itself. Asked once per host and run. Refuses to wait for what waiting cannot mend: another host key.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

from drkit import processes
from drkit.adapters.ssh_lines import sockets_of
from drkit.errors import EffectUnknown, StepError
from drkit.ports import Progress

PATIENCE = timedelta(minutes=3)
"""From "running" to sshd: AWS's slowest images take about two."""
_TRY = timedelta(seconds=20)
_PAUSE = 0.3
_SOON = 5.0
_LOOK = 0.05
_HOPELESS = ("Host key verification failed", "Permission denied", "Bad owner or permissions")


def wait_for_hosts(
    folder: Path, hosts: Iterable[str], progress: Progress, *, patience: timedelta = PATIENCE
) -> None:
    """Return once each of ``hosts`` has answered by ``folder/ssh_config``.

    Raises StepError that names the hosts that did not and ssh's last words to the first of them,
    after ``patience`` at the latest.
    """
    reached = folder / "reached"
    reached.mkdir(exist_ok=True, mode=0o700)
    new = [host for host in hosts if not (reached / host).exists()]
    if not new:
        return
    deadline = time.monotonic() + patience.total_seconds()
    with ThreadPoolExecutor(len(new)) as pool:
        said = list(pool.map(lambda host: _answer(folder, host, deadline), new))
    silent = {host: words for host, words in zip(new, said, strict=True) if words}
    for host in new:
        if host not in silent:
            (reached / host).touch()
    if silent:
        host, *others = silent
        too = f" (nor {', '.join(others)}: {len(silent)} in all)" if others else ""
        raise StepError(
            f"does not answer by ssh: {silent[host]}{too}",
            host=host,
            remedy="see whether it boots, and whether its group lets the jump host in;"
            " then run the same command again",
        )
    progress(f"answering: {', '.join(new)}")


def _answer(folder: Path, host: str, deadline: float) -> str:
    """Empty once the host has answered; else what ssh said last."""
    while True:
        if _is_connected(folder, host):
            return ""
        try:
            # BatchMode and the pinned keys come from the configuration
            tried = processes.run(
                ["ssh", "-F", str(folder / "ssh_config"), host, "true"], limit=_TRY
            )
            last_words = tried.err.strip().splitlines()[-1:] or [f"exit {tried.code}"]
        except EffectUnknown as error:
            tried, last_words = None, [str(error)]
        if tried is not None and tried.code == 0:
            return ""
        hopeless = tried is not None and any(word in tried.err for word in _HOPELESS)
        if hopeless or time.monotonic() > deadline:
            return last_words[0]
        time.sleep(_PAUSE)


def _is_connected(folder: Path, host: str) -> bool:
    """Whether the command that this belongs to gets through to ``host`` soon, if it tries at all:
    one that asks is enough while hosts boot.
    """
    sockets, deadline = sockets_of(folder), time.monotonic() + _SOON
    while sockets is not None and time.monotonic() < deadline:
        if (sockets / host).exists():
            return True
        time.sleep(_LOOK)
    return False
