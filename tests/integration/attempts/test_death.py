"""drkit itself dies, however it dies: not one process of any try survives it (law 10)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.integration.attempts.trying import eventually
from tests.survivors import alive_with

DRKIT = """
import pathlib, sys, time
from tests.integration.attempts.trying import Tries
tries = Tries(root=pathlib.Path(sys.argv[1]))
text = '''
for number in range(3):
    subprocess.Popen(["setsid", "sh", "-c", "trap : TERM; while :; do sleep 1; done"])
(here / "children").write_text("3")
time.sleep(600)
'''
tries.start(*(tries.program(name, text.replace("children", name)) for name in ("a", "b")))
while True:
    tries.turn()
"""


@pytest.fixture
def drkit(tmp_path: Path, marker: str) -> subprocess.Popen[bytes]:
    """A drkit with two steps in flight, each with three children in sessions of their own."""
    process = subprocess.Popen([sys.executable, "-c", DRKIT, str(tmp_path)])
    eventually(lambda: (tmp_path / "a").exists() and (tmp_path / "b").exists(), within=30)
    assert len(alive_with(marker)) >= 1 + 2 * (2 + 3), "the count can see them"
    return process


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_nothing_survives_drkit(
    drkit: subprocess.Popen[bytes], marker: str, number: signal.Signals
) -> None:
    drkit.send_signal(number)
    drkit.wait(timeout=10)
    eventually(lambda: alive_with(marker) == [], within=15)


def test_a_drkit_that_dies_before_its_try_has_begun_leaves_nothing(
    tmp_path: Path, marker: str
) -> None:
    """The kernel tells nobody of a death that came before it was asked to: the try must look."""
    early = DRKIT.replace("while True:", "import os\nos.kill(os.getpid(), 9)\nwhile True:")
    for _ in range(3):
        process = subprocess.Popen([sys.executable, "-c", early, str(tmp_path)])
        assert process.wait(timeout=30) == -signal.SIGKILL
        eventually(lambda: alive_with(marker) == [], within=15)


def test_the_count_finds_a_process_that_was_left_behind(marker: str) -> None:
    """The positive control: without a supervisor, a child in a session of its own survives."""
    parent = subprocess.Popen(["sh", "-c", "setsid sleep 60 & exit 0"])
    parent.wait(timeout=10)
    [left] = alive_with(marker)
    os.kill(left, signal.SIGKILL)
    deadline = time.monotonic() + 5
    while alive_with(marker):
        assert time.monotonic() < deadline
