"""drkit against the naive script: a region is lost, and the same shop is rebuilt three times.

By drkit with mitogen, by drkit with Ansible's own strategy, and by :mod:`bench.naive`, each from
nothing in the other region and each taken away again. The consent is refused, so no site is
opened and each rebuild finds the same world. It takes the shop that serves in the sandbox, whose
region comes back at the end; where none does, it brings one up and takes it away again.

    python -m bench.rebuild [--only mitogen_linear|linear|naive]
"""

from __future__ import annotations

import argparse
import json
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench import floor
from bench.comparison import Figures, shown
from bench.ground import Facts, Ground, clear, open_ground
from bench.journal import Timeline, timeline
from bench.table import FOLDER, keep, load
from drkit.adapters.generations import choose_generation
from drkit.adapters.plan_yaml import load_plan
from drkit.adapters.runs_folder import RunsFolder
from drkit.errors import ConfigurationError
from drkit.model.plan import Plan
from drkit.model.record import Target
from drkit.sandbox import networks

ROOT = Path(__file__).parent.parent
STRATEGIES = ("mitogen_linear", "linear")
NAIVE = "naive"
_SHOP = ("checks", "collections", "playbooks", "shop", "stacks")
_BIN = Path(sys.executable).parent
_LIMIT = 1800
"""Seconds that one rebuild may take."""
_QUESTION = "Type: yes"
_LOOK = 0.2
"""Seconds between two looks at whether drkit asks."""
_IDLE = 1.0
"""Load average of a machine that does nothing but keep the sandbox's hosts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """One measured rebuild: its figures for the table, and what it takes to take it away."""

    figures: dict[str, object]
    target: Target
    facts: Facts
    folder: Path


def copy_of_shop(place: Path, strategy: str) -> Plan:
    """The shop's folder with another strategy in its plan: runs of its own, nothing left behind."""
    place.mkdir(mode=0o700)
    for name in _SHOP:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, place / name, ignore=ignored)
    shutil.copy(ROOT / load_plan(ROOT / "drkit.yaml").secrets.vault, place)
    text = (ROOT / "drkit.yaml").read_text()
    text, changed = re.subn(r"(\bstrategy: )\w+", rf"\g<1>{strategy}", text)
    if changed != 1:
        raise SystemExit("drkit.yaml names no strategy, or more than one")
    (place / "drkit.yaml").write_text(text)
    return load_plan(place / "drkit.yaml")


def by_drkit(plan: Plan, region: str) -> Rebuilt:
    """``drkit rebuild`` as a person types it, who says no when asked to open the site."""
    gate = next(entry for entry in plan.steps.values() if entry.gate)
    person = next(p.name for p in plan.people.values() if gate.gate in p.roles)
    typed, load_before = datetime.now(UTC), load()
    _refuse(plan.root, ["rebuild", "--region", region], answer=f"no {person} bench")
    runs = RunsFolder(plan.root)
    if not runs.names():
        raise SystemExit((plan.root / "err.txt").read_text())
    run = runs.names()[0]
    found = timeline(runs.records(run), typed)
    return Rebuilt(
        figures={"load before": load_before, "load after": load(), **_figures(found)},
        target=found.began.target,
        facts=found.facts,
        folder=runs.folder(run),
    )


def _refuse(root: Path, arguments: list[str], *, answer: str) -> None:
    """Run drkit in ``root`` at a terminal to its end, and answer what it asks, once it asks."""
    master, slave = pty.openpty()
    asked, deadline = False, time.monotonic() + _LIMIT
    with (root / "out.txt").open("w") as out, (root / "err.txt").open("w") as err:
        command = [str(_BIN / "drkit"), *arguments]
        process = subprocess.Popen(
            command, cwd=root, env=_environment(), stdin=slave, stdout=out, stderr=err
        )
        while process.poll() is None:
            if not asked and _QUESTION in (root / "err.txt").read_text():
                os.write(master, f"{answer}\n".encode())
                asked = True
            if time.monotonic() > deadline:
                process.terminate()
            time.sleep(_LOOK)
    os.close(slave)
    os.close(master)


def _figures(found: Timeline) -> dict[str, object]:
    path = found.critical_path
    if found.failed:
        return {"not done": found.failed, "path": [(d.id, d.started, d.seconds) for d in path]}
    return {
        "proven": found.proven,
        "ready": found.ready,
        "whole": found.whole,
        "first step": min(did.started for did in found.steps.values()),
        "work": round(found.work, 2),
        "path": [(did.id, did.started, did.seconds) for did in path],
        "steps": {did.id: [did.started, did.seconds] for did in found.steps.values()},
    }


def by_script(plan: Plan, region: str, generation: int) -> Rebuilt:
    """The naive script, in a process of its own."""
    folder = plan.root / NAIVE
    folder.mkdir(mode=0o700)
    command = [sys.executable, "-m", "bench.naive", "--plan", str(plan.root / "drkit.yaml")]
    command += ["--region", region, "--generation", str(generation), "--folder", str(folder)]
    load_before, began = load(), time.perf_counter()
    with (folder / "out.txt").open("w") as out:
        code = subprocess.run(
            command,
            cwd=ROOT,
            env=_environment(),
            stdout=out,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=_LIMIT,
        ).returncode
    seconds = round(time.perf_counter() - began, 2)
    told = json.loads((folder / "naive.json").read_text())
    figures = {"load before": load_before, "load after": load(), "parts": told["seconds"]}
    figures |= (
        {"ready": seconds, "whole": seconds}
        if code == 0
        else {"not done": (folder / "out.txt").read_text()}
    )
    target = Target(shop=plan.shop, region=region, generation=generation)
    return Rebuilt(figures=figures, target=target, facts=told["facts"], folder=folder)


def _environment() -> dict[str, str]:
    """Byte code may be written, as under make: without it each start costs seconds."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PATH": f"{_BIN}:{os.environ['PATH']}"}


@contextmanager
def shop() -> Iterator[Ground]:
    """The shop that serves in the sandbox; where none does, one for as long as this takes."""
    with suppress(ConfigurationError):
        ground = open_ground(load_plan(ROOT / "drkit.yaml"))
        if ground.epoch.serving is not None:
            yield ground
            return
    drkit = str(_BIN / "drkit")
    for command in (
        [str(ROOT / "demo" / "bring-up.sh")],
        [drkit, "sandbox", "load", "--rate", "5", "--for", "20s"],
        [drkit, "backup", "--type", "full"],
    ):
        subprocess.run(command, cwd=ROOT, env=_environment(), check=True, timeout=_LIMIT)
    try:
        yield open_ground(load_plan(ROOT / "drkit.yaml"))
    finally:
        subprocess.run([drkit, "sandbox", "down"], check=True, timeout=300)


@contextmanager
def lost(region: str) -> Iterator[None]:
    """The region is lost meanwhile."""
    drkit = str(_BIN / "drkit")
    subprocess.run([drkit, "sandbox", "lose", region], check=True, timeout=60)
    try:
        yield
    finally:
        subprocess.run([drkit, "sandbox", "restore", region], check=True, timeout=60)


def hosts_in(region: str) -> list[str]:
    """Names of the sandbox's hosts in ``region``."""
    labels = (networks.LABEL, f"drkit.region={region}")
    filters = [word for label in labels for word in ("--filter", f"label={label}")]
    command = ["podman", "ps", "--quiet", *filters]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    return done.stdout.split()


def size_of_database(region: str) -> int:
    """Bytes of the files of the one database server in ``region``."""
    for container in hosts_in(region):
        command = ["podman", "inspect", "--format", "{{.State.Pid}} {{.Config.Hostname}}"]
        done = subprocess.run([*command, container], check=True, capture_output=True, text=True)
        pid, name = done.stdout.split()
        if name.startswith("db-"):
            files = Path(f"/proc/{pid}", "root", "var/lib/postgresql").rglob("*")
            return sum(file.stat().st_size for file in files if file.is_file())
    return 0


def settle() -> None:
    """Wait until the machine is idle again, at most two minutes: a load average falls slowly."""
    deadline = time.monotonic() + 120
    while load() > _IDLE and time.monotonic() < deadline:
        time.sleep(2)


def measure(
    ground: Ground, region: str, place: Path, chosen: tuple[str, ...]
) -> dict[str, Figures]:
    """Rebuild by each way in ``chosen`` and take each away; the figures of all."""
    found: dict[str, Figures] = {}
    size = 0
    for way in chosen:
        settle()
        before = len(hosts_in(region))
        plan = copy_of_shop(place / way, STRATEGIES[0] if way == NAIVE else way)
        if way == NAIVE:
            generation = choose_generation(ground.world, plan, region, ground.epoch) + 1
            rebuilt = by_script(plan, region, generation)
        else:
            rebuilt = by_drkit(plan, region)
        found[way] = {**rebuilt.figures, "hosts before": before, "target": rebuilt.target.name}
        print(f"{way}: {rebuilt.figures.get('whole', 'NOT PROVEN')}", flush=True)
        size = size or size_of_database(region)
        _keep_evidence(rebuilt, plan.root, way)
        clear(ground, rebuilt.target, rebuilt.folder, rebuilt.facts)
    settle()
    return {**found, "floor": floor.measure(size)}


def _keep_evidence(rebuilt: Rebuilt, root: Path, way: str) -> None:
    kept = FOLDER / way
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir(mode=0o700, parents=True)
    for file in [*root.glob("*.txt"), *rebuilt.folder.glob("report.*")]:
        shutil.copy(file, kept)
    for file in (rebuilt.folder / "journal.jsonl", rebuilt.folder / "naive.json"):
        if file.exists():
            shutil.copy(file, kept)
    shutil.copytree(rebuilt.folder / "logs", kept / "logs")


def main() -> None:
    ways = (*STRATEGIES, NAIVE)
    parser = argparse.ArgumentParser(description="drkit against the naive script")
    parser.add_argument("--only", choices=ways, action="append", help="repeatable")
    chosen = tuple(parser.parse_args().only or ways)
    with shop() as ground:
        serving = ground.epoch.serving.region if ground.epoch.serving else ""
        region = next(name for name in ground.plan.sites if name != serving)
        with tempfile.TemporaryDirectory(prefix="drkit-bench-") as place, lost(serving):
            found = measure(ground, region, Path(place), chosen)
    print(shown(found))
    print(f"\n{keep('rebuild', found)}")


if __name__ == "__main__":
    main()
