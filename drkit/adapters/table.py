"""A table in plain text: what stands where in lines that a terminal, a pipe and a ticket can show.

Decides widths and colours; the words are the caller's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drkit.model.outcome import State
from drkit.reporting.verdict import Verdict

WIDTH = 110
"""So many columns a terminal is taken to have."""

_COLOURS = {
    **dict.fromkeys([Verdict.MET.value, State.DONE.value], "32"),
    **dict.fromkeys([Verdict.MISSED.value, State.RUNNING.value], "33"),
    **dict.fromkeys([Verdict.FAILED.value, State.REFUSED.value], "1;31"),
    **dict.fromkeys([Verdict.UNKNOWN.value, State.WAITING.value], "35"),
    State.NOT_RUN.value: "2",
    State.SKIPPED.value: "33",
}


def aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Columns as wide as they need, all set to the left."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under a head. Columns whose head begins with ``>`` are set to the right."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def lines(self, *, colour: bool = False) -> list[str]:
        right = [name.startswith(">") for name in self.head]
        head = tuple(name.removeprefix(">") for name in self.head)
        columns = list(zip(head, *self.rows, strict=True))
        widths = [max(map(len, column)) for column in columns]
        lines = []
        for row in (head, *self.rows):
            cells = [
                _painted(cell, cell.rjust(width) if end else cell.ljust(width), colour=colour)
                for cell, width, end in zip(row, widths, right, strict=True)
            ]
            lines.append("  ".join(cells).rstrip())
        return lines


def _painted(cell: str, padded: str, *, colour: bool) -> str:
    code = _COLOURS.get(cell) if colour else None
    return f"\x1b[{code}m{padded}\x1b[0m" if code else padded
