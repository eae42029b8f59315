"""The disk of the journal is full in mid-run: a real file system of a few pages."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from drkit.adapters.clock import SystemClock
from drkit.adapters.journal_file import JournalFile, read_journal
from drkit.model.record import RunResumed, StepStarted
from tests.chaos.setting import journal_of
from tests.chaos.small_shop import NEEDS, carried_on, check_the_end, drkit
from tests.integration.attempts.trying import eventually
from tests.survivors import alive_with

PAGE = 4096
"""What the file system gives at once: within it a file grows although the disk is full."""


@pytest.fixture
def small_disk(folder: Path) -> Iterator[Path]:
    disk = folder / "run"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)]
    subprocess.run(command, check=True, timeout=30)
    yield disk
    subprocess.run(["umount", str(disk)], check=True, timeout=30)


def fill(disk: Path) -> Path:
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * PAGE)
    assert os.statvfs(disk).f_bavail == 0
    return ballast


def write_up_to(journal: Path, size: int) -> None:
    """Resumed so often that its next records do not fit into the page."""
    with JournalFile(journal, now=SystemClock().now) as file:
        while journal.stat().st_size < size:
            file.append(RunResumed(operator="ana@host", pid=1))


def test_a_run_whose_disk_is_full_starts_nothing_unrecorded_and_carries_on_with_more_room(
    folder: Path, small_disk: Path, marker: str
) -> None:
    journal = journal_of(folder)
    write_up_to(journal, PAGE - 1500)
    for name in ("network", "storage"):
        (folder / f"hold-{name}").touch()
    run = drkit(folder, stderr=subprocess.PIPE)
    for name in ("network", "storage"):
        eventually((folder / f"begun-{name}").exists, within=60)
    ballast = fill(small_disk)
    for name in ("network", "storage"):
        (folder / f"hold-{name}").unlink()
    said = run.communicate(timeout=60)[1].decode()
    assert run.returncode == 1
    assert f"No space left on device: '{journal}'" in said
    assert alive_with(marker) == []
    assert journal.read_bytes().endswith(b"\n"), "what did not fit as a whole is not there"
    bodies = [record.body for record in read_journal(journal)]
    begun = {body.step for body in bodies if isinstance(body, StepStarted)}
    assert {name for name in NEEDS if (folder / f"begun-{name}").exists()} <= begun
    ballast.unlink()
    carried_on(folder)
    check_the_end(folder)
