"""Connections that last as long as a command, with an ssh that a small program on PATH plays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from drkit.adapters.reach import wait_for_hosts
from drkit.adapters.scratch import make_scratch
from drkit.adapters.ssh_lines import SshLines, control_path, sockets_of
from tests.integration.attempts.trying import eventually
from tests.survivors import alive_with

BOTH = {"app-1": {"address": "10.0.0.5"}, "db-1": {"address": "10.0.0.6"}}
DB = {"db-1": BOTH["db-1"]}
SSH = """#!/bin/sh
# called as: ssh -F config -M -S sockets/%k host cat
echo "$6" >> {folder}/asked
echo $$ > {folder}/pid
touch "$(dirname "$5")/$6"
exec cat
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, marker: str) -> Path:
    assert marker
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    (tmp_path / "ssh").write_text(SSH.format(folder=tmp_path))
    (tmp_path / "ssh").chmod(0o755)
    return tmp_path


def asked(folder: Path) -> list[str]:
    return (folder / "asked").read_text().split() if (folder / "asked").exists() else []


def test_one_connection_to_each_host_is_there_until_the_end(folder: Path, marker: str) -> None:
    assert control_path(folder) is None, "and none where no command keeps any"
    with SshLines() as lines:
        lines.keep(folder, BOTH)
        sockets = sockets_of(folder)
        assert sockets is not None
        assert control_path(folder) == f"{sockets}/%k"
        assert sockets.stat().st_mode & 0o077 == 0
        eventually(lambda: {"app-1", "db-1"} <= {path.name for path in sockets.iterdir()})
        lines.keep(folder, BOTH)
        assert sorted(asked(folder)) == ["app-1", "db-1"], "and once"
    assert alive_with(marker) == []
    assert not sockets.exists()
    assert control_path(folder) is None


def test_a_host_that_is_connected_is_not_asked_again(folder: Path) -> None:
    said: list[str] = []
    with SshLines() as lines:
        lines.keep(folder, DB)
        wait_for_hosts(folder, ["db-1"], said.append)
        assert asked(folder) == ["db-1"]
    assert said == ["answering: db-1"]


def test_a_connection_that_is_lost_comes_up_again(folder: Path) -> None:
    with SshLines() as lines:
        lines.keep(folder, DB)
        eventually(lambda: (folder / "pid").exists() and (folder / "pid").read_text().strip())
        os.kill(int((folder / "pid").read_text()), signal.SIGKILL)
        eventually(lambda: len(asked(folder)) == 2)


def test_a_host_that_was_replaced_is_connected_to_anew(folder: Path) -> None:
    """Else all would go on with the host that has the name no more."""
    with SshLines() as lines:
        lines.keep(folder, BOTH)
        eventually(lambda: len(asked(folder)) == 2)
        lines.keep(folder, {**BOTH, "db-1": {"address": "10.0.0.7"}})
        eventually(lambda: len(asked(folder)) == 3)
        assert asked(folder).count("db-1") == 2


def test_connections_end_with_drkit_however_it_ends(folder: Path, marker: str) -> None:
    program = (
        "import pathlib, time; from drkit.adapters.ssh_lines import SshLines\n"
        f"SshLines().keep(pathlib.Path({str(folder)!r}), {{'db-1': 1}}); time.sleep(600)"
    )
    process = subprocess.Popen([sys.executable, "-c", program])
    eventually(lambda: len(alive_with(marker)) >= 2)
    process.kill()
    process.wait(timeout=10)
    eventually(lambda: alive_with(marker) == [])
    # the folder of a killed drkit is left, and says nothing
    assert sockets_of(folder) is not None
    with SshLines() as lines:
        lines.keep(folder, DB)
        wait_for_hosts(folder, ["db-1"], lambda _: None)
    assert control_path(folder) is None


def test_what_a_killed_command_has_left_is_swept_by_the_next(folder: Path) -> None:
    killed = make_scratch(folder, "ssh lines")
    (killed / "db-1").touch()
    with SshLines() as lines:
        lines.keep(folder, DB)
        assert sockets_of(folder) not in (None, killed)
        assert not killed.exists()
