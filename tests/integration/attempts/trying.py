"""Tries of small programs: each is a ledger's file, which drkit runs in a process of its own."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from drkit.adapters.attempts import ProcessAttempts
from drkit.adapters.forking import ForkServer
from drkit.engine.loop import Ended, Said
from drkit.model.plan import Plan
from drkit.model.record import Target
from drkit.model.step import LedgerWork, RunKind, Step, Work
from drkit.ports import Context, Endpoint, Secret, World
from tests.fakes.documents import plan_at
from tests.survivors import alive_with

TICK = timedelta(milliseconds=50)


def world() -> World:
    names = ("eu-west-3", "eu-central-1", "eu-north-1", "global")
    return World(
        account="000000000000",
        endpoints={name: Endpoint(region=name, url="https://[::1]:9", name=name) for name in names},
        key=Secret("AKIAOPERATOR"),
        secret=Secret("operator-secret-key"),
        ca=None,
        resolver=None,
        pulumi_home=None,
    )


def context(root: Path, log: str = "step.1.log", **parts: object) -> Context:
    """What a try may know, in a run's folder below ``root``."""
    folder = root / "run"
    (folder / "logs").mkdir(parents=True, exist_ok=True)
    known: dict[str, object] = {
        "run": "20260314-030210-rebuild-eu-central-1",
        "kind": RunKind.REBUILD,
        "plan": plan_at(root),
        "target": Target(shop="corner", region="eu-central-1", generation=1),
        "world": world(),
        "folder": folder,
        "log": folder / "logs" / log,
        "facts": {},
        "vault": {"db_password": Secret("hunter2-of-the-database")},
    }
    return Context(**(known | parts))  # type: ignore[arg-type]


def step(name: str, work: Work, *, limit: timedelta = timedelta(seconds=60)) -> Step:
    return Step(id=name, work=work, needs=(), owner="sre", budget=None, limit=limit)


@dataclass(slots=True, kw_only=True)
class Tries:
    """Attempts in one folder, and what they said and came to."""

    root: Path
    server: ForkServer = field(init=False)
    attempts: ProcessAttempts = field(init=False)
    facts: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    plan: Plan | None = None
    said: list[Said] = field(default_factory=list)
    ended: dict[str, Ended] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.serve_by(ForkServer(self.root))

    def serve_by(self, server: ForkServer) -> None:
        """Let ``server`` fork all tries from now on."""
        self.server = server
        self.attempts = ProcessAttempts(self._context, digest=lambda _: "", server=self.server)

    def have_read(self, settings: Mapping[str, str]) -> None:
        """Let a new server fork them, once it has read Ansible by ``settings``."""
        self.server.close()
        self.serve_by(ForkServer(self.root, settings=settings))
        self.server.read_all()

    def _context(self, step: Step, number: int) -> Context:
        plan = self.plan or plan_at(self.root)
        return context(self.root, f"{step.id}.{number}.log", facts=self.facts, plan=plan)

    def program(self, name: str, text: str, *, limit: timedelta = timedelta(seconds=60)) -> Step:
        """A step that runs ``text`` in its own process, with ``here`` as the plan's folder."""
        body = textwrap.indent(textwrap.dedent(text), "    ")
        (self.root / f"{name}.py").write_text(
            "import os, pathlib, subprocess, sys, time\n"
            f"here = pathlib.Path({str(self.root)!r})\n"
            f"def promises(books, since, until):\n{body}\n    return []\n"
            "def kept(customer, promises):\n    return set()\n"
        )
        return step(name, LedgerWork(provider="card-a", path=f"{name}.py"), limit=limit)

    def start(self, *steps: Step) -> None:
        for one in steps:
            self.attempts.start(one, 1, look_first=False)

    def turn(self) -> None:
        """One turn of the loop."""
        for event in self.attempts.wait(TICK):
            match event:
                case Said():
                    self.said.append(event)
                case Ended(step=name):
                    self.ended[name] = event

    def until(self, what: Callable[[], object], *, within: float = 30) -> None:
        deadline = time.monotonic() + within
        while not what():
            assert time.monotonic() < deadline, f"not within {within} s; ended: {self.ended}"
            self.turn()

    def survivors(self, mark: str) -> list[int]:
        """What is alive of the tries; their server may be."""
        return [pid for pid in alive_with(mark) if pid != self.server.pid]

    def over(self) -> None:
        """End all, with the server."""
        self.attempts.stop()
        self.until(lambda: not self.attempts.running)
        self.server.close()

    def to_the_end(self, name: str) -> Ended:
        self.until(lambda: name in self.ended)
        return self.ended[name]


def eventually(what: Callable[[], object], *, within: float = 15) -> None:
    """Poll until ``what`` holds."""
    deadline = time.monotonic() + within
    while not what():
        assert time.monotonic() < deadline, f"not within {within} s"
        time.sleep(0.02)
