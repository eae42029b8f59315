"""The examples of the docs are real files: taken apart here by what reads them, and each command of
drkit in them is one.
"""

from __future__ import annotations

import shlex
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


def crontab() -> list[str]:
    lines = (EXAMPLES / "nightly.crontab").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_every_command_in_the_examples_is_one() -> None:
    scripts = [step["run"] for step in workflow()["jobs"]["validate"]["steps"] if "run" in step]
    found = [words for script in [*scripts, *crontab()] for words in commands(script)]
    for words in found:
        parsed(words)
    assert [words[1] for words in found].count("validate") == 2
    assert {"doctor", "history"} <= {words[1] for words in found}


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


def test_a_line_for_cron_is_a_time_and_a_command_without_a_plain_per_cent() -> None:
    *settings, line = crontab()
    assert all(shlex.split(each)[0].partition("=")[2] for each in settings)
    *fields, command = line.split(maxsplit=FIELDS)
    assert fields == ["30", "2", "*", "*", "*"]
    assert "%" not in command.replace("\\%", "")
    assert "flock --nonblock" in command
