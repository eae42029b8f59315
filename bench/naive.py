"""What a careful engineer would script for the same rebuild: one thing after another.

The same stacks by the same Automation API, the same playbooks over the same inventory and ssh
configuration, the same checks and journeys; no graph, no mitogen. Where drkit pays for being able
to resume (a process, a supervisor and a record for each try), this pays nothing: the stacks come
up in this one process, playbooks that take the same variables share one ``ansible-playbook``, all
of those share their ssh masters, and pytest is started twice, for the checks and the journeys.

    python -m bench.naive --region eu-central-1 --generation 9 --folder FOLDER
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from bench.ground import open_ground
from bench.table import table
from drkit.adapters.certificates import write_proof_certificate
from drkit.adapters.plan_yaml import load_plan
from drkit.adapters.playbook_vars import playbook_vars
from drkit.adapters.pulumi_stack import StackTool
from drkit.adapters.ssh_files import hosts_of, write_ssh_files
from drkit.checking.site import site_of, write
from drkit.model.plan import Plan
from drkit.model.record import Target
from drkit.model.step import (
    CheckWork,
    GateWork,
    PlaybookWork,
    ProofWork,
    Route,
    RunKind,
    StackWork,
    Step,
    StoreWork,
)
from drkit.planning.graph import build_graph
from drkit.ports import Context
from drkit.recovery import collections_path


@dataclass(slots=True)
class Parts:
    """What each part took, in the order in which they ran, and what came of it."""

    seconds: dict[str, float] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    facts: dict[str, Mapping[str, object]] = field(default_factory=dict)
    """Stack → its outputs: whoever takes a half-built site away must know what there is."""

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = round(time.perf_counter() - began, 2)
            print(f"{name}: {self.seconds[name]} s", flush=True)


def wanted(plan: Plan) -> list[Step]:
    """Every step of a rebuild but the cutover and what comes after it, in an order that works."""
    graph = build_graph(plan, RunKind.REBUILD)
    gate = next(name for name, step in graph.steps.items() if isinstance(step.work, GateWork))
    return [
        step
        for name, step in graph.steps.items()
        if name != gate and gate not in graph.ancestors(name)
    ]


def rebuild(plan: Plan, target: Target, folder: Path, parts: Parts) -> None:
    """Rebuild and prove ``target``, and note in ``parts`` how that went.

    Raises SystemExit where a stack or a playbook fails; a check that fails is noted.
    """
    steps = wanted(plan)
    with parts.timed("inputs"):
        ground = open_ground(plan)
        (folder / "logs").mkdir(parents=True, exist_ok=True)
        context = ground.context(target, folder, log="naive", facts={})
        secret = context.vault["pulumi_passphrase"]
        write_proof_certificate(folder, run=folder.name, secret=secret)
    for step in steps:
        if isinstance(step.work, StackWork):
            with parts.timed(step.id):
                context = _up(context, step.work)
            parts.facts.update(context.facts)
    write_ssh_files(
        folder,
        hosts_of(context.facts),
        jump=plan.sites[target.region].jump,
        key=context.vault["ssh_key"],
    )
    with _masters(folder) as masters:
        for works in _alike(steps):
            with parts.timed(", ".join(work.playbook for work in works)):
                _play(context, works, masters)
    for name, paths in _suites(steps).items():
        with parts.timed(name):
            if _pytest(context, name, paths):
                parts.failed.append(name)


def _up(context: Context, work: StackWork) -> Context:
    """Bring one stack up; the context with its outputs."""
    log = context.log.with_name(f"{work.stack}.log")
    outcome = StackTool(work).do(dataclasses.replace(context, log=log), lambda _line: None)
    if not outcome.done:
        raise SystemExit(f"stack {work.stack}: {outcome.message}")
    return dataclasses.replace(context, facts={**context.facts, work.stack: outcome.facts})


def _alike(steps: list[Step]) -> list[list[PlaybookWork | StoreWork]]:
    """Playbooks in order, those next to each other together that take the same variables."""
    works = [s.work for s in steps if isinstance(s.work, PlaybookWork | StoreWork)]
    groups = groupby(works, key=lambda work: work.store if isinstance(work, StoreWork) else "")
    return [list(group) for _, group in groups]


def _play(context: Context, works: list[PlaybookWork | StoreWork], masters: Path) -> None:
    """One ``ansible-playbook``: each playbook names its hosts itself."""
    root, name = context.plan.root, works[0].playbook
    variables = context.folder / "variables.json"
    variables.touch(mode=0o600)
    variables.write_text(json.dumps(playbook_vars(context, works[0])))
    command = [
        str(Path(sys.executable).parent / "ansible-playbook"),
        *("--inventory", str(context.folder / "inventory"), "--extra-vars", f"@{variables}"),
        *(str(root / "playbooks" / f"{work.playbook}.yml") for work in works),
    ]
    try:
        code = _run(command, context, name, environment=_ansible(context, masters))
    finally:
        variables.unlink()
    if code:
        raise SystemExit(f"playbook {name} failed: see {context.folder}/logs/{name}.log")


def _ansible(context: Context, masters: Path) -> Mapping[str, str]:
    """Ansible as fast as it is by itself: pipelining, lasting ssh masters, a process per host."""
    root = context.plan.root
    return {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "ANSIBLE_STRATEGY": "linear",
        "ANSIBLE_PIPELINING": "True",
        # sshd of a host that has just booted drops a connection now and then
        "ANSIBLE_SSH_RETRIES": "5",
        "ANSIBLE_SSH_ARGS": "-C -o ControlMaster=auto -o ControlPersist=10m",
        "ANSIBLE_SSH_CONTROL_PATH_DIR": str(masters),
        "ANSIBLE_FORKS": "10",
        "ANSIBLE_HOST_KEY_CHECKING": "True",
        "ANSIBLE_COLLECTIONS_PATH": f"{collections_path()}:{root / 'collections'}",
        "ANSIBLE_ROLES_PATH": str(root / "playbooks" / "roles"),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_RETRY_FILES_ENABLED": "False",
        "ANSIBLE_GATHERING": "smart",
        "ANSIBLE_CACHE_PLUGIN": "jsonfile",
        "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(context.folder / "host-facts"),
        "PYTHONDONTWRITEBYTECODE": "",
    }


def _suites(steps: list[Step]) -> dict[str, list[str]]:
    """Checks and journeys: the files of each, every one once."""
    checks = [path for s in steps if isinstance(s.work, CheckWork) for path in s.work.paths]
    journeys = [s.work.path for s in steps if isinstance(s.work, ProofWork)]
    return {"checks": list(dict.fromkeys(checks)), "journeys": list(dict.fromkeys(journeys))}


def _pytest(context: Context, name: str, paths: list[str]) -> int:
    """One pytest over ``paths`` by the settings that drkit gives it; its exit code."""
    told, root = context.folder / f"{name}.json", context.plan.root
    write(site_of(context, Route.OVERRIDE), told)
    command = [
        *(sys.executable, "-m", "pytest", "-p", "drkit.checking.plugin"),
        *("--disable-plugin-autoload", "-p", "no:cacheprovider", "-c", os.devnull),
        *("--import-mode=importlib", "--strict-markers", "--tb=short", "-v", "--color=no"),
        *("--rootdir", str(root), "-o", f"pythonpath={root}", "--drkit-context", str(told)),
        *(str(root / path) for path in paths),
    ]
    return _run(command, context, name, environment={"PYTEST_ADDOPTS": ""})


def _run(command: list[str], context: Context, name: str, *, environment: Mapping[str, str]) -> int:
    """Run to the end with all that it says in ``logs/NAME.log``; its exit code."""
    with (context.folder / "logs" / f"{name}.log").open("a") as log:
        return subprocess.run(
            command,
            cwd=context.plan.root,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=1800,
        ).returncode


@contextmanager
def _masters(folder: Path) -> Iterator[Path]:
    """A folder for the sockets of ssh masters; its path is short because theirs must be."""
    with tempfile.TemporaryDirectory(prefix="naive-") as place:
        try:
            yield Path(place)
        finally:
            for socket in Path(place).iterdir():
                command = ["ssh", "-F", str(folder / "ssh_config")]
                command += ["-o", f"ControlPath={socket}", "-O", "exit", "any"]
                subprocess.run(command, check=False, capture_output=True, timeout=20)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--plan", type=Path, default=Path("drkit.yaml"))
    parser.add_argument("--region", required=True)
    parser.add_argument("--generation", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True, help="for its files and logs")
    chosen = parser.parse_args()
    began = time.perf_counter()
    plan = load_plan(chosen.plan)
    target = Target(shop=plan.shop, region=chosen.region, generation=chosen.generation)
    folder = chosen.folder.absolute()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    parts = Parts()
    try:
        rebuild(plan, target, folder, parts)
    finally:
        total = round(time.perf_counter() - began, 2)
        document = {**dataclasses.asdict(parts), "total": total}
        (folder / "naive.json").write_text(json.dumps(document, indent=1))
    print(table([("part", "seconds"), *parts.seconds.items(), ("in all", total)]))
    if parts.failed:
        raise SystemExit(f"not proven: {', '.join(parts.failed)} failed")


if __name__ == "__main__":
    main()
