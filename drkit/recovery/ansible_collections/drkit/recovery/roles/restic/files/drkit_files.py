#!/usr/bin/python3
"""Snapshots or restores a folder of this host with restic; runs as a named systemd unit.

Decides: which snapshot is the recovery point, and whether the folder already is at it (then nothing
is touched), else empties it and brings it back; whether a snapshot holds anything new. Refuses a
host that was opened to customers, and to make a first snapshot where the repository outside already
holds one of this store.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

STATE = Path("/var/lib/drkit")


class Refused(Exception):
    """The work was not done; the message says what, on what, and what to do next."""


def restic(*words: str) -> str:
    """Run restic on the repository of the environment. Raises Refused with what it said."""
    argv = ["restic", "--cache-dir=/var/cache/restic", *words]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Refused(
            f"restic {words[0]} ended with {done.returncode}: {done.stderr.strip()[-800:]}"
        )
    return done.stdout


def snapshots(store: str) -> list[dict[str, Any]]:
    """Return the snapshots of the store, oldest first; none where there is no repository."""
    try:
        found = json.loads(restic("snapshots", "--json", "--no-lock", f"--tag={store}"))
    except Refused as error:
        # restic 0.14 has no status of its own for a missing repository.
        if "unable to open config file" in str(error) and "does not exist" in str(error):
            return []
        raise
    return sorted(found or [], key=lambda one: moment(one["time"]))


def moment(text: str) -> datetime:
    """Return the time of a snapshot; restic writes nanoseconds, Python reads microseconds."""
    date, _, rest = text.partition(".")
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    return datetime.fromisoformat(f"{date}.{digits[:6]:0<6}{rest[len(digits) :]}")


def refuse_opened() -> None:
    """Refuse a host that customers were let onto: its files are newer than any snapshot."""
    try:
        opened = json.loads((STATE / "mark.json").read_text())["opened"]
    except (FileNotFoundError, KeyError):
        return
    if opened:
        raise Refused(
            f"this host was opened to customers at {opened}; a restore would wipe what they did. "
            "Rebuild into a new generation instead"
        )


def restore(given: argparse.Namespace) -> dict[str, Any]:
    """Bring the folder to the last snapshot not after ``to``, or leave it where it already is."""
    refuse_opened()
    began = time.monotonic()
    limit = datetime.fromisoformat(given.to) if given.to else None
    fitting = [one for one in snapshots(given.store) if not limit or moment(one["time"]) <= limit]
    if not fitting:
        raise Refused(
            f"the repository outside has no snapshot of {given.store} "
            f"{'not after ' + given.to if given.to else ''}; see `restic snapshots`"
        )
    chosen = fitting[-1]
    point = f"snapshot:{chosen['short_id']}"
    path = STATE / "stores" / f"{given.store}.json"
    if path.exists():
        record: dict[str, Any] = json.loads(path.read_text())
        if record["recovery_point"] == point:
            return {**record, "changed": False}
    path.unlink(missing_ok=True)
    shutil.rmtree(given.path, ignore_errors=True)
    restic("restore", "--no-lock", "--target=/", f"--include={given.path}", chosen["id"])
    files = [one for one in Path(given.path).rglob("*") if one.is_file()]
    if not files:
        raise Refused(f"snapshot {chosen['short_id']} holds nothing of {given.path}")
    record = {"recovery_point": point, "recovered_to": chosen["time"], "files": len(files)}
    record["bytes"] = sum(one.stat().st_size for one in files)
    record["seconds"] = round(time.monotonic() - began, 1)
    write(path, record)
    return {**record, "changed": True}


def create(given: argparse.Namespace) -> dict[str, Any]:
    """Make the repository, where it is missing, and the first snapshot of the store."""
    path = STATE / "stores" / f"{given.store}.json"
    if path.exists():
        return {**json.loads(path.read_text()), "changed": False}
    refuse_opened()
    if snapshots(given.store):
        raise Refused(
            f"the repository outside already holds snapshots of {given.store}; "
            "restore it, or empty the repository first"
        )
    try:
        restic("cat", "config", "--no-lock")
    except Refused:
        restic("init")
    restic("backup", f"--tag={given.store}", given.path)
    record = {"recovery_point": None, "snapshot": snapshots(given.store)[-1]["short_id"]}
    write(path, record)
    return {**record, "changed": True}


def snapshot(given: argparse.Namespace) -> dict[str, Any]:
    """Take a snapshot now; it changes something where it differs from the one before."""
    before = snapshots(given.store)
    restic("backup", f"--tag={given.store}", given.path)
    made = snapshots(given.store)[-1]
    if before and made["id"] == before[-1]["id"]:
        raise Refused(f"restic made no snapshot of {given.path}; see `restic snapshots`")
    new = not before or made["tree"] != before[-1]["tree"]
    return {"snapshot": made["short_id"], "taken": made["time"], "changed": new}


def write(path: Path, value: dict[str, Any]) -> None:
    """Write JSON so that a crash leaves the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".new")
    with temporary.open("w") as file:
        file.write(json.dumps(value, indent=1) + "\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


ACTS = {"create": create, "restore": restore, "snapshot": snapshot}


def main() -> int:
    """Do the work; the outcome is in the result file, whatever happens."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("act", choices=list(ACTS))
    for name in ("store", "path"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--to", default="")
    given = parser.parse_args()
    settings = Path(f"/etc/drkit/restic-{given.store}.env").read_text().splitlines()
    for line in settings:
        name, _, value = line.partition("=")
        os.environ[name] = value
    try:
        outcome = ACTS[given.act](given)
    except Refused as error:
        outcome = {"changed": False, "error": str(error)}
    write(STATE / "stores" / f"{given.store}.result.json", outcome)
    return 1 if "error" in outcome else 0


if __name__ == "__main__":
    sys.exit(main())
