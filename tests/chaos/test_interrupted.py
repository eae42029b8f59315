"""Ctrl-C at a run with real processes: once to let it come to rest, again to end it now.

A terminal sends the signal to everything in its foreground, so it goes to drkit's whole group here.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from drkit.adapters.journal_file import read_journal
from drkit.engine.progress import stand
from drkit.model.outcome import State
from drkit.model.record import Record, RunEnded, StepEnded, StepStarted
from tests.chaos.small_shop import carried_on, check_the_end, drkit, effects
from tests.integration.attempts.trying import eventually
from tests.survivors import alive_with

STOPPING, NOW = "stopping: running steps end", "ending the running steps now"

STUBBORN = """
import pathlib, subprocess, time
here = pathlib.Path({root!r})
def promises(books, since, until):
    deaf = "trap : HUP INT TERM; while :; do sleep 0.1; done"
    subprocess.Popen(["sh", "-c", deaf])
    subprocess.Popen(["setsid", "sh", "-c", "(" + deaf + ") & " + deaf])
    (here / "begun-{name}").touch()
    time.sleep(600)
def kept(customer, promises):
    return set()
"""
"""A tool whose children do not listen, and one of which has left for a session of its own."""
CHILDREN = 3


@dataclass(frozen=True)
class Typed:
    """A drkit that somebody started at a terminal."""

    process: subprocess.Popen[bytes]
    stderr: Path

    def press(self, number: signal.Signals = signal.SIGINT) -> None:
        os.killpg(self.process.pid, number)

    def says(self, words: str) -> None:
        eventually(lambda: words in self.stderr.read_text())

    def ends(self) -> None:
        assert self.process.wait(timeout=30) == 0
        assert "Traceback" not in self.stderr.read_text()


@pytest.fixture
def typed(folder: Path, tmp_path: Path) -> Iterator[Callable[[], Typed]]:
    """Starts drkit, and waits until both of its first steps are at work."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> Typed:
        with (tmp_path / "stderr").open("wb") as stderr:
            started.append(drkit(folder, stderr=stderr, start_new_session=True))
        for name in ("network", "storage"):
            eventually((folder / f"begun-{name}").exists, within=30)
        return Typed(started[-1], tmp_path / "stderr")

    yield start
    for process in started:
        process.kill()
        process.wait(timeout=10)


def records(folder: Path) -> tuple[Record, ...]:
    return tuple(read_journal(folder / "run" / "journal.jsonl"))


def begun(folder: Path) -> list[str]:
    bodies = [record.body for record in records(folder)]
    return [body.step for body in bodies if isinstance(body, StepStarted)]


def ended(folder: Path) -> dict[str, StepEnded]:
    bodies = [record.body for record in records(folder)]
    return {body.step: body for body in bodies if isinstance(body, StepEnded)}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)
def test_the_first_lets_running_steps_end_starts_nothing_and_records_where_it_stands(
    folder: Path, marker: str, typed: Callable[[], Typed], number: signal.Signals
) -> None:
    holds = [folder / f"hold-{name}" for name in ("network", "storage")]
    for hold in holds:
        hold.touch()
    run = typed()
    run.press(number)
    run.says(STOPPING)
    holds[0].unlink()
    eventually(lambda: set(ended(folder)) == {"network"})
    assert run.process.poll() is None, "storage is still at work, and is waited for"
    holds[1].unlink()
    run.ends()
    assert records(folder)[-1].body == RunEnded(stand="interrupted")
    assert stand(records(folder)).states == {"network": State.DONE, "storage": State.DONE}
    assert set(begun(folder)) == {"network", "storage"}
    assert effects(folder) == {"network": 1, "storage": 1}
    assert alive_with(marker) == []
    carried_on(folder)
    check_the_end(folder)
    assert set(effects(folder).values()) == {1}, "what was let end is not done again"


@pytest.mark.parametrize("presses", [2, 4])
def test_the_second_ends_running_tries_with_all_their_descendants(
    folder: Path, marker: str, typed: Callable[[], Typed], presses: int
) -> None:
    whole = {name: (folder / f"{name}.py").read_text() for name in ("network", "storage")}
    for name in whole:
        (folder / f"{name}.py").write_text(STUBBORN.format(root=str(folder), name=name))
    run = typed()
    # the positive control: there are descendants to end, and the first Ctrl-C ends none of them
    eventually(lambda: len(deaf(marker)) == 2 * CHILDREN)
    run.press()
    run.says(STOPPING)
    assert len(deaf(marker)) == 2 * CHILDREN
    run.press()
    run.says(NOW)
    for _ in range(presses - 2):
        run.press()
    run.ends()
    assert alive_with(marker) == []
    assert records(folder)[-1].body == RunEnded(stand="interrupted")
    assert begun(folder) == ["network", "storage"]
    for end in ended(folder).values():
        assert end.outcome.state is State.UNKNOWN
        assert "a person stopped it" in end.outcome.message
    assert set(ended(folder)) == {"network", "storage"}
    for name, text in whole.items():
        (folder / f"{name}.py").write_text(text)
    carried_on(folder)
    check_the_end(folder)


def deaf(marker: str) -> list[int]:
    return [pid for pid in alive_with(marker) if b"trap" in cmdline(pid)]


def cmdline(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
