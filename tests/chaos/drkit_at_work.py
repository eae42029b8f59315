"""A drkit on the journal of a folder, as a process that can be killed.

    python -m tests.chaos.drkit_at_work FOLDER [DIES_AT]

Runs the graph of ``FOLDER/graph.json`` with real processes, a real journal and the command line's
own Ctrl-C, and kills itself with SIGKILL right after record DIES_AT is durable.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from datetime import datetime
from pathlib import Path

from drkit.adapters.attempts import ProcessAttempts
from drkit.adapters.clock import SystemClock
from drkit.adapters.consent import GivenConsent
from drkit.adapters.forking import ForkServer
from drkit.adapters.journal_file import JournalFile
from drkit.cli.interrupts import Interrupts
from drkit.engine.decide import Pass
from drkit.engine.loop import Hands, run_steps
from drkit.engine.progress import stand
from drkit.model.record import Record
from drkit.model.step import LedgerWork, PlaybookWork, Step, Work
from drkit.planning.graph import Graph
from drkit.ports import Context
from tests.fakes.documents import plan_at
from tests.integration.ansible.localhost import FACTS
from tests.integration.attempts.trying import context, step


class Deadly:
    """An observer that kills drkit once it is told of record ``at``."""

    def __init__(self, at: int | None) -> None:
        self._at = at

    def recorded(self, record: Record) -> None:
        if record.seq == self._at:
            os.kill(os.getpid(), signal.SIGKILL)

    def progressed(self, step: str, line: str) -> None: ...

    def ticked(self, now: datetime) -> None: ...


def graph_of(folder: Path) -> Graph:
    """``{NAME: {"kind": "program"|"playbook", "needs": [...]}}``, in topological order."""
    steps: dict[str, Step] = {}
    for name, entry in json.loads((folder / "graph.json").read_text()).items():
        works: dict[str, Work] = {
            "program": LedgerWork(provider="card-a", path=f"{name}.py"),
            "playbook": PlaybookWork(playbook=name, hosts="all"),
        }
        plain = step(name, works[entry["kind"]])
        steps[name] = Step(
            id=name,
            work=plain.work,
            needs=tuple(entry["needs"]),
            owner="sre",
            budget=None,
            limit=plain.limit,
        )
    return Graph(steps, dict.fromkeys(steps, ()))


def main(folder: Path, dies_at: int | None) -> None:
    graph, clock = graph_of(folder), SystemClock()
    plan = plan_at(folder)
    file = folder / "run" / "journal.jsonl"
    with ForkServer(folder) as server, JournalFile(file, now=clock.now) as journal:

        def context_for(step: Step, number: int) -> Context:
            facts = {**FACTS, **stand(journal.records()).facts}
            return context(folder, f"{step.id}.{number}.log", plan=plan, facts=facts)

        hands = Hands(
            journal=journal,
            attempts=ProcessAttempts(context_for, digest=lambda _: "", server=server),
            consent=GivenConsent(plan, {}),
            observer=Deadly(dies_at),
            clock=clock,
            stop=Interrupts().stop,
            may_wait=False,
        )
        priority = {name: (0.0, 0.0, index) for index, name in enumerate(graph.steps)}
        run_steps(Pass(graph=graph, priority=priority, max_parallel=4), hands)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else None)
