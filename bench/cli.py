"""How long a person waits for the command line: ``drkit --help`` and ``drkit plan``.

The median of ten, after one that warms the page cache, next to the bare interpreter.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench.table import keep, load, table

TIMES = 10
_DRKIT = str(Path(sys.executable).parent / "drkit")
COMMANDS = {
    "python -c pass": ([sys.executable, "-c", "pass"], None),
    "drkit --help": ([_DRKIT, "--help"], 0.3),
    "drkit plan": ([_DRKIT, "plan", "--region", "eu-central-1"], 0.5),
}
"""Name → command, and the seconds that it is to stay under."""


def seconds(command: Sequence[str]) -> list[float]:
    """Wall seconds of :data:`TIMES` runs. Raises CalledProcessError if one fails."""
    found = []
    for _ in range(TIMES + 1):
        began = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=60)
        found.append(time.perf_counter() - began)
    return found[1:]


def main() -> None:
    at = load()
    rows: list[tuple[object, ...]] = [("", "median", "least", "most", "aim")]
    document: dict[str, object] = {"load before": at, "times": TIMES}
    for name, (command, aim) in COMMANDS.items():
        found = seconds(command)
        middle = statistics.median(found)
        shown = [f"{value:.3f}" for value in (middle, min(found), max(found))]
        rows.append((name, *shown, f"< {aim}" if aim else "–"))
        document[name] = {"median": middle, "all": found, "aim": aim}
    print(f"seconds of {TIMES} runs each\n")
    print(table(rows))
    print(f"\nload {at} before, {load()} after")
    print(keep("cli", document))


if __name__ == "__main__":
    main()
