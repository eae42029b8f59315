"""How long a run stands still: from a restart after kill -9, and from a takeover by another
process, to the first new effect in the world.

A small graph of real processes (:mod:`tests.chaos.small_shop`), killed while its third step runs;
the clock starts with the command that carries on, and stops when that step's program, begun anew,
touches a file. It holds the start of Python and of drkit, the look outside, and the start of a try.

    python -m bench.restart
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from bench.outside import cloud, empty
from bench.table import keep, load, table
from tests.chaos.setting import Setting
from tests.chaos.small_shop import drkit, write_shop

TIMES = 5
_LIMIT = 60.0
WAYS = {
    "restart, file": (False, False),
    "restart, file and outside": (True, False),
    "takeover by another process": (True, True),
}
"""Name → whether the journal is kept outside, too, and whether another place carries on."""


def measure(root: Path, url: str, *, outside: bool, elsewhere: bool) -> float:
    """Seconds from the command to the first new effect. ``root`` is an empty folder."""
    first, second = root / "ana", root / "bo" if elsewhere else root / "ana"
    for folder in {first, second}:
        folder.mkdir()
        write_shop(folder, root)
        takes_over = elsewhere and folder == second
        Setting(cloud=url if outside else "", outside=outside, takes_over=takes_over).write(folder)
    (root / "hold-compute").touch()
    killed, sign = drkit(first), root / "begun-compute"
    _wait_for(sign)
    killed.kill()
    killed.wait(_LIMIT)
    sign.unlink()
    began = time.perf_counter()
    process = drkit(second)
    _wait_for(sign)
    seconds = time.perf_counter() - began
    (root / "hold-compute").unlink()
    if process.wait(_LIMIT):
        raise SystemExit("the run that was carried on did not end well")
    return seconds


def _wait_for(sign: Path) -> None:
    deadline = time.monotonic() + _LIMIT
    while not sign.exists():
        if time.monotonic() > deadline:
            raise SystemExit(f"{sign.name} was not there within {_LIMIT:.0f} s")
        time.sleep(0.002)


def main() -> None:
    at = load()
    found: dict[str, list[float]] = {}
    with cloud() as url:
        for name, (outside, elsewhere) in WAYS.items():
            found[name] = []
            for _ in range(TIMES):
                empty(url)
                with tempfile.TemporaryDirectory(prefix="drkit-bench-") as folder:
                    seconds = measure(Path(folder), url, outside=outside, elsewhere=elsewhere)
                found[name].append(seconds)
    rows = [(name, statistics.median(all_), min(all_), max(all_)) for name, all_ in found.items()]
    print(f"seconds to the first new effect, {TIMES} times each\n")
    print(table([("", "median", "least", "most"), *rows]))
    print(f"\nload {at} before, {load()} after")
    print(keep("restart", {"load before": at, "found": found}))


if __name__ == "__main__":
    main()
