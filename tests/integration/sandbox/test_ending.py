"""Turns between `up` and `down`, and the end of what a daemon had started."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from drkit.errors import SandboxError
from drkit.sandbox import hosts, turn
from drkit.sandbox.process import Process
from drkit.sandbox.session import Session
from tests.integration.sandbox.lab import SECOND, eventually


def silent(_: str) -> None:
    return


def test_turns_are_taken_one_after_the_other_and_leave_nothing(tmp_path: Path) -> None:
    place = tmp_path / "turn"
    inside: list[int] = []
    most: list[int] = []

    def work() -> None:
        with turn.taken(silent, place=place):
            inside.append(1)
            most.append(len(inside))
            threading.Event().wait(0.02)
            inside.pop()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert most == [1] * 8
    assert not place.exists()


def test_whoever_waits_says_so_and_gives_up_in_the_end(tmp_path: Path) -> None:
    place = tmp_path / "turn"
    told: list[str] = []
    with (
        turn.taken(silent, place=place),
        pytest.raises(SandboxError, match="has not ended"),
        turn.taken(told.append, place=place, limit=timedelta(seconds=0.3)),
    ):
        pass
    assert len(told) == 1
    assert "waiting" in told[0]


def test_a_turn_whose_holder_was_killed_is_free(tmp_path: Path) -> None:
    place = tmp_path / "turn"
    code = (
        "import sys, time; from pathlib import Path; from drkit.sandbox import turn\n"
        "with turn.taken(print, place=Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code, place], stdout=subprocess.PIPE)
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        holder.kill()
    with turn.taken(silent, place=place, limit=5 * SECOND):
        assert place.exists()
    assert not place.exists()


def leader(folder: Path, script: str) -> subprocess.Popen[bytes]:
    """A process that leads a session, as the daemon does, and starts others in it."""
    return subprocess.Popen(
        ["sh", "-c", f"{script}\nsleep 60"],
        start_new_session=True,
        env=os.environ | {"TMPDIR": str(folder)},
    )


def test_what_a_dead_daemon_had_started_is_awaited(tmp_path: Path) -> None:
    done = tmp_path / "done"
    started = leader(tmp_path, f"(sleep 1; touch {done}) &")
    process = Process.of(started.pid)
    assert process is not None
    session = Session(leader=process, mark=str(tmp_path))
    eventually(lambda: len(session.members()) > 1, what="it has started others")
    started.kill()
    started.wait()
    assert session.members(), "they outlive it"
    # the leader's own `sleep 60` does not come to an end
    session.end(patience=3 * SECOND)
    assert done.exists()
    assert session.members() == ()


def test_a_strangers_session_of_the_same_number_is_left_alone(tmp_path: Path) -> None:
    """Numbers are given anew: what was noted of a daemon may be somebody else's by now."""
    started = leader(tmp_path, "sleep 60 &")
    process = Process.of(started.pid)
    assert process is not None
    ours = Session(leader=process, mark=str(tmp_path))
    eventually(lambda: len(ours.members()) > 1, what="it has started others")
    before = Process(pid=started.pid, started="1")
    assert Session(leader=before, mark=str(tmp_path)).members() == ()
    started.kill()
    started.wait()
    assert Session(leader=before, mark="/another/sandbox").members() == ()
    ours.end(patience=timedelta())


PODMAN = """#!/bin/sh
# as podman 4.3.1 on a busy machine: gives up on what it has killed, for so many times
echo "$@" >> {folder}/asked
[ "$(wc -l < {folder}/asked)" -gt {times} ] && exit 0
echo "Error: cannot remove container 976b as it could not be stopped: {said}" >&2
exit 125
"""
SLOW = "given PIDs did not die within timeout"


def podman_that(says: str, times: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (folder / "podman").write_text(PODMAN.format(folder=folder, times=times, said=says))
    (folder / "podman").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder / "asked"


def test_a_host_that_is_slow_to_die_is_removed_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = podman_that(SLOW, 2, tmp_path, monkeypatch)
    hosts.remove("i-1", folder=tmp_path)
    assert asked.read_text().count("drkit-i-1") == 3


def test_any_other_no_of_podman_is_an_error_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = podman_that("no such storage", 2, tmp_path, monkeypatch)
    with pytest.raises(SandboxError, match="no such storage"):
        hosts.remove("i-1", folder=tmp_path)
    assert asked.read_text().count("drkit-i-1") == 1
