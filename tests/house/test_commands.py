"""Every command and every option of the command line says what it is for."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from drkit.cli import COMMANDS, cli


def commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, f"{path} {name} is listed and is no command"
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")


ALL = dict(commands(cli, "drkit"))


@pytest.mark.parametrize("path", ALL)
def test_every_command_has_help(path: str) -> None:
    command = ALL[path]
    assert command.help, f"{path} says nothing"
    answer = CliRunner().invoke(cli, [*path.split()[1:], "--help"])
    assert answer.exit_code == 0
    assert command.help.split("\n")[0] in answer.output.replace("\n  ", " ")


@pytest.mark.parametrize("path", ALL)
def test_every_option_has_help_or_speaks_for_itself(path: str) -> None:
    silent = [
        option.opts[0]
        for option in ALL[path].params
        if isinstance(option, click.Option) and not option.help and not option.hidden
    ]
    assert set(silent) <= {"--output", "--max-parallel"}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_overview_says_what_the_command_itself_says(name: str) -> None:
    module, words = COMMANDS[name]
    command = getattr(importlib.import_module(module), name.replace("-", "_"))
    assert isinstance(command, click.Command)
    assert words.endswith(".")
    assert words[0].isupper()


def test_the_overview_lists_every_command() -> None:
    output = CliRunner().invoke(cli, ["--help"]).output
    for name, (_, words) in COMMANDS.items():
        assert f"{name} " in output
        assert words.split(":")[0] in " ".join(output.split())


def test_an_unknown_command_is_wrong_usage() -> None:
    assert CliRunner().invoke(cli, ["rebuidl"]).exit_code == 2
