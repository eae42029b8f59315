"""A drkit on the journal of a folder, as a process that can be killed.

    python -m tests.chaos.drkit_at_work FOLDER [DEATH]

Runs the graph of ``FOLDER/graph.json`` in the world of ``FOLDER/setting.json`` with real processes,
real journals and the command line's own Ctrl-C, and kills itself with SIGKILL at DEATH
(:mod:`tests.chaos.deaths`). Ends with the exit code of drkit's own errors.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from drkit.adapters import held as held_module
from drkit.adapters.attempts import ProcessAttempts
from drkit.adapters.clock import SystemClock
from drkit.adapters.consent import GivenConsent
from drkit.adapters.forking import ForkServer
from drkit.adapters.journal_file import JournalFile
from drkit.cli.interrupts import Interrupts
from drkit.engine.decide import Pass
from drkit.engine.loop import Hands, Stop, run_steps
from drkit.engine.progress import Told
from drkit.errors import DrkitError
from drkit.model.step import DriftWork, LedgerWork, RemovalWork, StackWork, Step
from drkit.planning.graph import Graph
from drkit.ports import Context, Journal, Observers
from tests.chaos import kinds, unguarded
from tests.chaos.deaths import Deadly
from tests.chaos.outside import held_outside
from tests.chaos.setting import RUN, Setting, journal_of, setting_of
from tests.integration.attempts.trying import context, step


class ShiftedClock:
    """The machine's clock, set by whoever writes seconds into ``FOLDER/clock`` in mid-run."""

    def __init__(self, folder: Path) -> None:
        self._clock = SystemClock()
        self._file = folder / "clock"

    def now(self) -> datetime:
        shift = float(self._file.read_text()) if self._file.exists() else 0.0
        return self._clock.now() + timedelta(seconds=shift)

    def steady(self) -> timedelta:
        return self._clock.steady()


class WithStandIns(ProcessAttempts):
    """A stack needs a sandbox, to go as to come: a program stands in for it, in the very process of
    a try.
    """

    def start(self, step: Step, number: int, *, look_first: bool) -> None:
        if isinstance(step.work, StackWork | RemovalWork | DriftWork):
            step = replace(step, work=LedgerWork(provider="card-a", path=f"{step.id}.py"))
        super().start(step, number, look_first=look_first)


def graph_of(folder: Path) -> Graph:
    """``{NAME: {"kind": "program", "playbook" or a kind of step, "needs": [...], "tries": N}}``, in
    topological order.
    """
    steps: dict[str, Step] = {}
    for name, entry in json.loads((folder / "graph.json").read_text()).items():
        plain = step(name, kinds.work(name, entry["kind"]))
        steps[name] = replace(plain, needs=tuple(entry["needs"]), tries=entry.get("tries", 1))
    return Graph(steps, dict.fromkeys(steps, ()))


@contextmanager
def opened(
    folder: Path, setting: Setting, now: Callable[[], datetime]
) -> Iterator[tuple[Journal, Callable[[], Stop]]]:
    """The journal, and what somebody here or elsewhere asks for."""
    here = Interrupts().stop
    file = JournalFile(journal_of(folder), now=now)
    if not setting.outside:
        with file:
            yield file, here
        return
    with held_outside(folder, setting, file) as (journal, held):
        yield journal, lambda: Stop.NOW if held.abort_asked else here()


def main(folder: Path, death: str = "") -> None:
    graph, setting, clock = graph_of(folder), setting_of(folder), ShiftedClock(folder)
    plan = kinds.plan(folder)
    vars(held_module)["EVERY"] = timedelta(seconds=setting.sign)
    unguarded.take_away(setting.unguarded)
    with ForkServer(folder) as server, opened(folder, setting, clock.now) as (journal, stop):
        told = Told(journal)

        def context_for(step: Step, number: int) -> Context:
            return context(
                folder,
                f"{step.id}.{number}.log",
                run=RUN,
                plan=plan,
                world=setting.world,
                facts={**kinds.FACTS, **told.now()[0]},
                identities=kinds.IDENTITIES,
                epoch=1,
            )

        hands = Hands(
            journal=Deadly(journal, death),
            attempts=WithStandIns(context_for, digest=lambda _: "", server=server),
            consent=GivenConsent(plan, {"consent": "ana"}),
            observer=Observers([]),
            clock=clock,
            stop=stop,
            may_wait=False,
            pause=lambda _: timedelta(seconds=1),
        )
        priority = {name: (0.0, 0.0, index) for index, name in enumerate(graph.steps)}
        run_steps(Pass(graph=graph, priority=priority, max_parallel=4), hands)


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), *sys.argv[2:])
    except DrkitError as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        sys.exit(error.exit_code)
