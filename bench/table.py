"""Where a measurement goes: a table on stdout, JSON in ``bench/results/``, and the machine's load.

Refuses to interpret: a figure is written as it was measured, beside the load that it was taken at.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

FOLDER = Path(__file__).parent / "results"


def machine() -> dict[str, object]:
    """What the figures depend on: processors, load averages of 1, 5 and 15 minutes, Python."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "processors": os.cpu_count(),
        "load": [round(value, 2) for value in os.getloadavg()],
        "python": platform.python_version(),
        "kernel": platform.release(),
    }


def load() -> float:
    """Load average of the last minute."""
    return round(os.getloadavg()[0], 2)


def keep(name: str, document: Mapping[str, object]) -> Path:
    """Write ``NAME.json`` into the folder of results; returns where it is."""
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{name}.json"
    path.write_text(json.dumps({"version": 1, "machine": machine(), **document}, indent=1) + "\n")
    return path


def table(rows: Sequence[Sequence[object]]) -> str:
    """Rows as aligned text: the first column to the left, figures to the right."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    )


def _cell(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)
