"""Waiting for hosts, with an ssh that a small program on PATH plays."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from drkit.adapters.reach import wait_for_hosts
from drkit.errors import StepError

SSH = """#!/bin/sh
echo "$3" >> {folder}/asked
{body}
"""
BOOTING = """[ "$(grep -c . {folder}/asked)" -ge 3 ] && exit 0
echo "stdio forwarding failed" >&2; exit 255"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return tmp_path


def play(folder: Path, body: str) -> None:
    (folder / "ssh").write_text(SSH.format(folder=folder, body=body.format(folder=folder)))
    (folder / "ssh").chmod(0o755)


def asked(folder: Path) -> int:
    return len((folder / "asked").read_text().split())


def test_a_host_that_still_boots_is_waited_for_and_asked_once_only(folder: Path) -> None:
    play(folder, BOOTING)
    said: list[str] = []
    wait_for_hosts(folder, ["db-1"], said.append)
    assert asked(folder) == 3
    assert said == ["answering: db-1"]
    wait_for_hosts(folder, ["db-1"], said.append)
    assert asked(folder) == 3


def test_a_host_that_never_answers_is_named_with_the_last_words_of_ssh(folder: Path) -> None:
    play(folder, "echo 'Connection refused' >&2; exit 255")
    with pytest.raises(StepError, match="does not answer by ssh: Connection refused") as caught:
        wait_for_hosts(folder, ["db-1"], lambda _: None, patience=timedelta(seconds=1))
    assert caught.value.host == "db-1"


def test_all_that_do_not_answer_are_named_and_those_that_do_are_not_asked_again(
    folder: Path,
) -> None:
    play(folder, "[ $3 = app-1 ] && exit 0; echo 'Connection refused' >&2; exit 255")
    with pytest.raises(StepError) as caught:
        wait_for_hosts(
            folder, ["app-1", "app-2", "app-3"], lambda _: None, patience=timedelta(seconds=1)
        )
    assert caught.value.host == "app-2"
    assert "(nor app-3: 2 in all)" in str(caught.value)
    (folder / "asked").write_text("")
    wait_for_hosts(folder, ["app-1"], lambda _: None)
    assert asked(folder) == 0


def test_another_host_key_is_not_waited_for(folder: Path) -> None:
    play(folder, "echo 'Host key verification failed.' >&2; exit 255")
    with pytest.raises(StepError, match="Host key verification failed"):
        wait_for_hosts(folder, ["db-1"], lambda _: None)
    assert asked(folder) == 1
