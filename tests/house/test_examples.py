"""The examples of the docs are real files: taken apart here by what reads them, and each command of
drkit in them is one.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from tests.house.files import ROOT
from tests.house.typed import BEYOND, parsed

EXAMPLES = ROOT / "docs" / "examples"
FIELDS = 5
"""Of a line for cron: minute, hour, day, month, weekday; the rest is the command."""


def commands(script: str) -> list[tuple[str, ...]]:
    """The commands of drkit in the lines of a shell, without what the shell keeps for itself."""
    found = []
    for line in script.splitlines():
        words = shlex.split(line, comments=True)
        while "drkit" in words:
            words = words[words.index("drkit") :]
            ends = [at for at, word in enumerate(words) if word in BEYOND | {">>", "2>&1"}]
            found.append(tuple(words[: min(ends, default=len(words))]))
            words = words[1:]
    return found


def workflow() -> dict[Any, Any]:
    read: dict[Any, Any] = yaml.safe_load((EXAMPLES / "nightly.github.yml").read_text())
    return read


CRONTABS = {"nightly.crontab": "30 2 * * *", "morning.crontab": "0 9 * * *"}
"""File → when its line begins."""


def crontab(name: str) -> list[str]:
    lines = (EXAMPLES / name).read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_every_command_in_the_examples_is_one() -> None:
    scripts = [step["run"] for step in workflow()["jobs"]["validate"]["steps"] if "run" in step]
    lines = [line for name in CRONTABS for line in crontab(name)]
    found = [words for script in [*scripts, *lines] for words in commands(script)]
    for words in found:
        parsed(words)
    assert [words[1] for words in found].count("validate") == 2
    assert {"doctor", "history", "ready"} <= {words[1] for words in found}


def test_a_command_that_is_none_is_seen_in_an_example() -> None:
    [words] = commands("cd /srv && drkit validate --regoin R > log || true")
    with pytest.raises(click.ClickException, match="No such option"):
        parsed(words)


def test_the_workflow_has_a_clock_a_lock_and_a_limit() -> None:
    read = workflow()
    # YAML 1.1 reads `on` as true
    [clock] = read[True]["schedule"]
    assert len(clock["cron"].split()) == FIELDS
    assert read["concurrency"]["cancel-in-progress"] is False
    assert read["jobs"]["validate"]["timeout-minutes"] < 360
    assert read["permissions"] == {"contents": "read", "id-token": "write"}


@pytest.mark.parametrize(("name", "begins"), CRONTABS.items())
def test_a_line_for_cron_is_a_time_and_a_command_without_a_plain_per_cent(
    name: str, begins: str
) -> None:
    *settings, line = crontab(name)
    assert all(shlex.split(each)[0].partition("=")[2] for each in settings)
    *fields, command = line.split(maxsplit=FIELDS)
    assert fields == begins.split()
    assert "%" not in command.replace("\\%", "")
    assert ("flock --nonblock" in command) == ("validate" in command)


def test_the_address_of_a_webhook_is_in_no_argument_of_the_workflow(tmp_path: Path) -> None:
    """Its step, run as GitHub does, with a curl that writes down what it is given."""
    [step] = [s for s in workflow()["jobs"]["validate"]["steps"] if "WEBHOOK" in s.get("env", {})]
    tools = {
        "curl": f'echo "$@" > {tmp_path}/args; cat > {tmp_path}/config',
        "drkit": "echo a line",
    }
    for name, does in tools.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{does}\n")
        (tmp_path / name).chmod(0o755)

    def posted(**more: str) -> str:
        given = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "REGION": "r", "ENDED": "success"}
        given |= {"RUN": "https://ci.example/1", "WEBHOOK": "https://chat.example/s3cret"} | more
        command = ["bash", "-e", "-c", step["run"]]
        subprocess.run(command, cwd=tmp_path, env=given, check=True, timeout=30)
        notice = tmp_path / "notice.json"
        return str(json.loads(notice.read_text())["text"]) if notice.exists() else ""

    assert posted(WEBHOOK="") == ""
    assert "success: no run was begun; report: https://ci.example/1" in posted()
    journal = tmp_path / ".drkit/runs/20261127-023104-validate-r/journal.jsonl"
    journal.parent.mkdir(parents=True)
    journal.touch()
    assert posted() == "nightly validation of r: success: a line; report: https://ci.example/1"
    assert (tmp_path / "config").read_text() == 'url = "https://chat.example/s3cret"'
    assert "s3cret" not in (tmp_path / "args").read_text()
