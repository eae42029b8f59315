"""A hundred simulated runs with random faults and deaths, and what became of each.

    python -m bench.stress [RUNS]

Ends with 1 if one of them came to another end than the same run undisturbed, or made something
twice.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict

from bench.table import keep, load, table
from tests.chaos.random_runs import Story, live_through

RUNS = 100
COUNTED = ("steps", "faults", "deaths", "stops", "commands", "tries")


def summed_up(stories: Sequence[Story]) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = [("of a run", "least", "median", "most", "of all")]
    for name in COUNTED:
        found = [getattr(story, name) for story in stories]
        rows.append((name, min(found), statistics.median(found), max(found), sum(found)))
    return rows


def main() -> int:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    at = load()
    stories = [live_through(seed) for seed in range(runs)]
    other = [story for story in stories if not story.same or story.twice]
    print(f"{runs} simulated runs, each killed, stopped and failed at random, and carried on\n")
    print(table(summed_up(stories)))
    print(f"\nthe same end as undisturbed, nothing made twice: {runs - len(other)} of {runs}")
    for story in other:
        print(f"ANOTHER END: {story}")
    kept = keep("stress", {"load before": at, "runs": [asdict(story) for story in stories]})
    print(kept)
    return 1 if other else 0


if __name__ == "__main__":
    sys.exit(main())
