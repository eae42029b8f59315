"""How the time of a rebuild grows with its hosts: one plan with 1, 5, 20 and 40 of them.

The reference shop's network, as many small hosts, its ``base`` playbook on all of them at once,
and a check of each host; nothing else. Each rebuild begins in an empty region of a sandbox that
this brings up, and is taken away again. Of the site that is lost only the epoch's word stands: it
serves, and nothing of it was ever built. Refuses to begin where a sandbox is up.

    python -m bench.hosts [--hosts 1 --hosts 5 …]
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import yaml

from bench.ground import clear, open_ground
from bench.table import keep, load, table
from bench.typed import BIN, drkit
from drkit.adapters.epoch import EpochTool
from drkit.adapters.plan_yaml import load_plan
from drkit.adapters.runs_folder import RunsFolder
from drkit.engine.progress import stand
from drkit.model.outcome import State
from drkit.model.record import RunBegan, StepEnded, StepStarted, Target
from drkit.model.step import EpochWork

ROOT = Path(__file__).parent.parent
LOST, REGION = "eu-west-3", "eu-central-1"
COUNTS = (1, 5, 20, 40)
_CHECK = """\
import pytest

@pytest.mark.each({groups})
def test_the_host_reads_the_epoch(host):
    assert host.file("/etc/drkit/epoch.credentials").exists
"""
_KEPT = ("version", "shop", "currency", "outside", "secrets", "dns", "people", "sites", "defaults")


def write_plan(root: Path, hosts: int) -> None:
    """The reference shop's folder with ``hosts`` hosts and nothing that runs on them."""
    for name in ("stacks", "playbooks", "shop"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, root / name, ignore=ignored, dirs_exist_ok=True)
    names = {"edge-1": "edge"} | {f"app-{number}": "app" for number in range(1, hosts)}
    program = root / "stacks" / "compute" / "__main__.py"
    text, changed = re.subn(r"(?ms)^HOSTS = \{.*?^\}$", f"HOSTS = {names}", program.read_text())
    if changed != 1:
        raise SystemExit("stacks/compute has no HOSTS any more: mend this bench")
    program.write_text(text)
    groups = sorted(set(names.values()))
    (root / "checks").mkdir(exist_ok=True)
    (root / "checks" / "test_hosts.py").write_text(_CHECK.format(groups=str(groups)[1:-1]))
    plan = yaml.safe_load((ROOT / "drkit.yaml").read_text())
    document = {key: plan[key] for key in _KEPT} | {
        "providers": {},
        "processes": {},
        "stacks": plan["stacks"],
        "stores": {},
        "services": {},
        "steps": {
            "base": {"playbook": "base", "hosts": "all", "after": ["compute"]},
            "proven": {"checks": ["checks/test_hosts.py"], "after": ["base"]},
        },
    }
    document["stacks"]["compute"]["provides"] = groups
    (root / "drkit.yaml").write_text(yaml.safe_dump(document, sort_keys=False))


def rebuild(root: Path, hosts: int) -> dict[str, object]:
    """One rebuild in the empty region, measured and taken away. Raises SystemExit if not proven."""
    write_plan(root, hosts)
    before, began, typed = load(), time.monotonic(), datetime.now(UTC)
    done = drkit(root, "rebuild", "--region", REGION)
    seconds = round(time.monotonic() - began, 2)
    plan = load_plan(root / "drkit.yaml")
    runs = RunsFolder(root)
    names = runs.names()
    records = runs.records(names[0]) if names else ()
    ends = {r.body.step: r.body for r in records if isinstance(r.body, StepEnded)}
    found = stand(records)
    if found.states.get("proven") is not State.DONE:
        raise SystemExit(f"{hosts} hosts were not proven:\n{done.stdout}{done.stderr}")
    started = [record.at for record in records if isinstance(record.body, StepStarted)]
    [target] = [record.body.target for record in records if isinstance(record.body, RunBegan)]
    clear(open_ground(plan), target, runs.folder(names[0]), found.facts)
    first = round((started[0] - typed).total_seconds(), 2)
    steps = {name: round(end.elapsed.total_seconds(), 2) for name, end in ends.items()}
    return {"hosts": hosts, "load before": before, "first step": first, **steps, "whole": seconds}


@contextmanager
def world(root: Path) -> Iterator[None]:
    """A sandbox with what is outside of the plan in ``root``."""
    commands = (
        ("sandbox", "up"),
        ("sandbox", "secrets", "--output", "secrets.yml"),
        ("prepare",),
    )
    try:
        for command in commands:
            done = drkit(root, *command)
            if done.returncode:
                raise SystemExit(done.stdout + done.stderr)
        say_lost_serves(root)
        yield
    finally:
        drkit(root, "sandbox", "down")


def say_lost_serves(root: Path) -> None:
    """Raise the epoch for the lost site: a shop that was never opened has nothing to rebuild."""
    plan = load_plan(root / "drkit.yaml")
    target = Target(shop=plan.shop, region=LOST, generation=1)
    context = open_ground(plan).context(target, root / "lost", log="epoch", facts={})
    EpochTool(EpochWork()).do(context, print)


def main() -> None:
    parser = argparse.ArgumentParser(description="rebuilds of 1, 5, 20 and 40 hosts")
    parser.add_argument("--hosts", type=int, action="append", help="repeatable")
    counts = parser.parse_args().hosts or COUNTS
    os.environ["PATH"] = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # without byte code each start costs seconds
    with tempfile.TemporaryDirectory(prefix="drkit-hosts-") as place:
        root = Path(place)
        os.environ["DRKIT_SANDBOX"] = str(root / "sandbox")
        write_plan(root, 1)
        with world(root):
            found = []
            for hosts in counts:
                found.append(rebuild(root, hosts))
                print(found[-1], flush=True)
    columns = list(found[0])
    print(table([columns, *([row.get(column, "–") for column in columns] for row in found)]))
    print(f"\n{keep('hosts', {'rebuilds': found})}")


if __name__ == "__main__":
    main()
