"""What the watcher rests on: time that goes on while a host sleeps, and a fence that is on disk."""

from __future__ import annotations

import os
import stat
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.unit.recovery.loading import load

EPOCH = load("roles/epoch/files/drkit_epoch.py")
HERE = EPOCH.Site("here", 1)


class Clock:
    """Time that passes when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(EPOCH, "clock", made)
    return made


def watcher(folder: Path, read: Any) -> Any:
    mark = '{"run": "r", "opened": "2026-01-01T00:00:00Z", "epoch": 4, "closed": null}'
    (folder / "mark.json").write_text(mark)
    return EPOCH.Watcher(HERE, EPOCH.Host(folder, folder / "workers"), read)


def test_the_age_of_an_epoch_counts_the_time_asleep() -> None:
    assert EPOCH.clock.func is time.clock_gettime
    assert EPOCH.clock.args == (time.CLOCK_BOOTTIME,)


def test_a_host_that_slept_asks_again_before_it_writes(tmp_path: Path, clock: Clock) -> None:
    epochs = [EPOCH.Epoch(4, "here", 1), EPOCH.Epoch(5, "there", 1)]
    made = watcher(tmp_path, lambda: epochs.pop(0))
    assert made.answer().state == "open"
    assert made.answer().state == "open", "from the read that is young"
    clock.now += 3600
    assert made.answer().state == "fenced"


def test_a_read_that_slept_on_the_way_is_no_answer(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    began = threading.Event()

    def read() -> Any:
        if began.is_set():
            return EPOCH.Epoch(5, "there", 1)
        began.set()
        clock.now += 3600
        return EPOCH.Epoch(4, "here", 1)

    made = watcher(tmp_path, read)
    assert made.answer().state == "fenced"


def test_a_fence_and_its_name_are_on_disk_before_anything_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []

    def fsync(handle: int) -> None:
        folder = stat.S_ISDIR(os.fstat(handle).st_mode)
        there = (tmp_path / "fenced.json").exists()
        synced.append(f"{'folder' if folder else 'file'} {'named' if there else 'unnamed'}")

    monkeypatch.setattr(os, "fsync", fsync)
    host = EPOCH.Host(tmp_path, tmp_path / "workers")
    host.fence(EPOCH.Verdict("fenced", 5, "epoch 5 names there.g1"))
    assert synced == ["file unnamed", "folder named"]
    assert host.fenced() == "epoch 5 names there.g1"
