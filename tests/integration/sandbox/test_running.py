"""A host's network stays the host's, also after its init has died."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from drkit.errors import SandboxError
from drkit.sandbox.running import Running
from tests.integration.sandbox.lab import eventually

NET = "ns/net"


@contextmanager
def init() -> Iterator[subprocess.Popen[bytes]]:
    """A process in a network of its own."""
    started = subprocess.Popen(["unshare", "--net", "sleep", "60"])
    try:
        eventually(lambda: network(started.pid) != network(os.getpid()), what="it has a network")
        yield started
    finally:
        started.kill()
        started.wait()


def network(pid: int) -> str:
    return os.readlink(f"/proc/{pid}/ns/net")  # noqa: PTH115 - no path, a name of the kernel


def test_what_is_meant_for_a_dead_host_never_reaches_the_machine(tmp_path: Path) -> None:
    """As it was: nsenter --target of a number that may be anybody's by now."""
    seen = tmp_path / "seen"
    with init() as started:
        running, its = Running(started.pid), network(started.pid)
        assert running.alive
    assert not running.alive
    running.inside(["sh", "-c", f"readlink /proc/self/ns/net > {seen}"])
    assert seen.read_text().strip() == its


def test_a_process_of_this_machine_is_no_host() -> None:
    with pytest.raises(SandboxError, match="own network"):
        Running(os.getpid())


def test_an_init_that_is_gone_is_no_running_host() -> None:
    with init() as started:
        pass
    with pytest.raises(SandboxError, match="ended at once"):
        Running(started.pid)


def test_a_handle_that_nobody_holds_is_closed() -> None:
    with init() as started:
        before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
        running = Running(started.pid)
        assert len(os.listdir("/proc/self/fd")) == before + 1  # noqa: PTH208
        del running
        assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
