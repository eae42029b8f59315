"""A validation beside the shop that serves, and a rebuild in the same sandbox: time, and customers.

Customers order at a steady rate from before the validation until it is over; then their region is
lost, and the shop is rebuilt where it was validated. Told are the seconds from the start of each
run to its last proof, how long the copy took to go, and what customers met before and during.
Production and the copy share this machine's processors, which they do in no cloud; the copy gives
way (see :mod:`drkit.hands`). Refuses to begin where a sandbox is up.

    python -m bench.validate [--rate 5]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.table import keep, load, table
from bench.typed import BIN, drkit
from drkit.adapters.runs_folder import RunsFolder
from drkit.model.place_record import CopyRemoved
from drkit.model.record import StepEnded

ROOT = Path(__file__).parent.parent
SERVES, STANDBY = "eu-west-3", "eu-central-1"
BEFORE = 60
"""Seconds that customers are looked at before the validation."""


def must(root: Path, *arguments: str, codes: Sequence[int] = (0,)) -> None:
    """Run a command to its end. Raises SystemExit where it ends with another code."""
    done = drkit(root, *arguments)
    if done.returncode not in codes:
        raise SystemExit(f"{' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}")


@contextmanager
def serving() -> Iterator[Path]:
    """The reference shop, deployed in a sandbox of its own; its folder. A command of drkit is found
    as its plan names it.
    """
    os.environ["PATH"] = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # without byte code each start costs seconds
    with tempfile.TemporaryDirectory(prefix="drkit-bench-") as place:
        os.environ["DRKIT_SANDBOX"] = str(Path(place) / "sandbox")
        with _deployed(Path(place)):
            yield Path(place)


@contextmanager
def _deployed(root: Path) -> Iterator[None]:
    for name in ("stacks", "playbooks", "checks", "shop"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "drkit.yaml", root)
    try:
        must(root, "sandbox", "up")
        must(root, "sandbox", "secrets", "--output", "secrets.yml")
        must(root, "prepare")
        must(root, "deploy", "--region", SERVES, "--consent", "consent=ana")
        yield
    finally:
        must(root, "sandbox", "down")


@contextmanager
def customers(root: Path, rate: int) -> Iterator[Path]:
    """They order until the end of the block; their ledger."""
    ledger = root / "customers.jsonl"
    command = [str(BIN / "drkit"), "sandbox", "load", "--rate", str(rate), "--ledger", str(ledger)]
    with (root / "load.txt").open("w") as out:
        process = subprocess.Popen(command, cwd=root, stdout=out, stderr=out)
        try:
            yield ledger
        finally:
            process.send_signal(signal.SIGINT)
            process.wait()


def run_figures(root: Path, kind: str) -> dict[str, object]:
    """Seconds from the start of the newest run of this kind: to its last proof, and to its end."""
    runs = RunsFolder(root)
    name = next(name for name in runs.names() if f"-{kind}-" in name)
    records = runs.records(name)
    proofs = [
        record.at
        for record in records
        if isinstance(record.body, StepEnded)
        and record.body.step.startswith("proof.")
        and record.body.outcome.done
    ]
    gone = [r.body.elapsed.total_seconds() for r in records if isinstance(r.body, CopyRemoved)]
    return {
        "proven": round((max(proofs) - records[0].at).total_seconds(), 2),
        "whole": round((records[-1].at - records[0].at).total_seconds(), 2),
        "taken away": round(gone[-1], 2) if gone else None,
    }


def met(ledger: Path, since: datetime, until: datetime) -> dict[str, object]:
    """What customers met in between: promises, failures, and how long reads took (seconds)."""
    entries = [json.loads(line) for line in ledger.read_text().splitlines() if line[-1:] == "}"]
    found = [e for e in entries if since <= datetime.fromisoformat(e["at"]) < until]
    reads = sorted(e["seconds"] for e in found if e["kind"] == "read")
    cuts = statistics.quantiles(reads, n=100) if len(reads) > 1 else []
    return {
        "seconds": round((until - since).total_seconds(), 1),
        "promises": sum(e["kind"] == "promise" for e in found),
        "failures": sum(e["kind"] == "failure" for e in found),
        "read p50": round(cuts[49], 4) if cuts else None,
        "read p95": round(cuts[94], 4) if cuts else None,
        "read p99": round(cuts[98], 4) if cuts else None,
    }


def measured(root: Path, rate: int) -> dict[str, Any]:
    with customers(root, rate) as ledger:
        time.sleep(5)
        must(root, "backup", "--type", "full")
        since, before = datetime.now(UTC), load()
        time.sleep(BEFORE)
        began = datetime.now(UTC)
        must(root, "validate", "--region", STANDBY, codes=(0, 8))
        ended = datetime.now(UTC)
        quiet, busy = met(ledger, since, began), met(ledger, began, ended)
        must(root, "sandbox", "lose", SERVES)
    must(root, "rebuild", "--region", STANDBY, "--consent", "consent=ana", codes=(0, 4, 8))
    return {
        "rate": rate,
        "load before": before,
        "load after": load(),
        "validation": run_figures(root, "validate"),
        "rebuild": run_figures(root, "rebuild"),
        "customers before": quiet,
        "customers during": busy,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="a validation beside the shop that serves")
    parser.add_argument("--rate", type=int, default=5, help="customers' visits a second")
    rate = parser.parse_args().rate
    with serving() as root:
        found = measured(root, rate)
    for one in (("validation", "rebuild"), ("customers before", "customers during")):
        columns = list(found[one[0]])
        print(table([["", *columns], *([name, *found[name].values()] for name in one)]))
    ratio = found["validation"]["proven"] / found["rebuild"]["proven"]
    print(f"\nto the last proof: {ratio:.2f} times the rebuild's time")
    print(keep("validate", found))


if __name__ == "__main__":
    main()
