"""Makes docs/reference/cli.md from what the commands themselves say: ``make docs``.

Decides the form of the page and nothing else: names, options and defaults are click's. Refuses a
command that says nothing of itself.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

import click

from drkit.cli import cli

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "cli.md"
HEAD = """# The commands of drkit

<!-- Made from the help of the commands by `make docs`. -->

Every command answers `--help`. stdout carries the result alone, progress and messages go to stderr,
so that `--output json` can be piped. What a command can end with: [exit codes](exit-codes.md).
`NO_COLOR` takes the colours out, `DRKIT_PLAN` stands for `--plan`.
"""


def page() -> str:
    """The whole page. Raises ValueError for a command without help."""
    return "\n".join([HEAD, *_blocks(cli, click.Context(cli, info_name="drkit"))])


def _blocks(group: click.Group, context: click.Context) -> Iterator[str]:
    """The commands of ``group`` in their own order; those of a group below it follow it."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or not command.help:
            raise ValueError(f"{context.command_path} {name} has no help")
        inner = click.Context(command, info_name=name, parent=context)
        yield from _block(command, inner)
        if isinstance(command, click.Group):
            yield from _blocks(command, inner)


def _block(command: click.Command, context: click.Context) -> Iterator[str]:
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    yield f"## {context.command_path}\n\n    {usage}\n"
    yield inspect.cleandoc(command.help or "").replace("\b\n", "") + "\n"
    rows = [record for param in command.params if (record := param.get_help_record(context))]
    if rows:
        yield "| option | |\n|---|---|"
        yield from (f"| `{_cell(names)}` | {_cell(words)} |" for names, words in rows)
        yield ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("  ", " ")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
