"""The commands that pages tell people to type: found in code, taken apart by click, never run."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from drkit.cli import cli

LINE = re.compile(r"^(?:    |\$ )?(drkit [^\n]*)$", re.MULTILINE)
INLINE = re.compile(r"`(drkit [^`\n]+)`")
FENCE = re.compile(r"```(\w*)\n(.*?)```", re.DOTALL)
SYNOPSIS = re.compile(r"[\[\]…]|\.\.\.|COMMAND")
"""What a form of a command holds, and a command does not."""
BEYOND = {"|", ">", "&", "&&", ";", "||"}
WORDS = {"TIME": "2026-11-23T05:00:00Z", "TYPE": "full"}
"""Placeholders that must have a form."""


@dataclass(frozen=True, slots=True)
class Typed:
    page: Path
    words: tuple[str, ...]
    named: bool
    """Within a sentence, which may name a command without all that it needs."""


def typed(page: Path, text: str) -> Iterator[Typed]:
    """Every command of drkit in ``text``: a line of a code block, or code within a sentence."""
    blocks = [body for _, body in FENCE.findall(text)]
    rest = FENCE.sub("", text)
    blocks += re.findall(r"(?:^    .*\n)+", rest, re.MULTILINE)
    lines = [line for block in blocks for line in LINE.findall(block)]
    told = [(line, False) for line in lines] + [(line, True) for line in INLINE.findall(rest)]
    for line, named in told:
        if not SYNOPSIS.search(line):
            words = tuple(_first(shlex.split(line, comments=True)))
            if len(words) > 1:
                yield Typed(page, words, named)


def _first(words: list[str]) -> Iterator[str]:
    """Up to where the shell goes on with something else."""
    for word in words:
        if word in BEYOND:
            return
        yield WORDS.get(word, word)


def parsed(words: tuple[str, ...], *, named: bool = False) -> None:
    """Let click take ``words`` apart. Raises click.ClickException for what is no command."""
    command: click.Command = cli
    context = click.Context(cli, info_name="drkit")
    left = list(words[1:])
    while isinstance(command, click.Group) and left and not left[0].startswith("-"):
        name, inner, left = command.resolve_command(context, left)
        if inner is None:
            raise click.UsageError(f"no such command: {name}")
        command, context = inner, click.Context(inner, info_name=name, parent=context)
    if not {"--help", "-h", "--version"} & set(left) and not isinstance(command, click.Group):
        try:
            command.make_context(context.info_name, left, parent=context.parent)
        except click.MissingParameter:
            if not named:
                raise


def cheap(words: tuple[str, ...]) -> bool:
    """Whether ``words`` may be run anywhere: nothing is touched, no sandbox is needed."""
    match words[1:]:
        case ("plan", *options):
            return "--preview" not in options and "REGION" not in options and "R" not in options
        case ("doctor", *options):
            return "--fix" not in options
        case (*_, "--help" | "--version"):
            return True
        case _:
            return False
