"""What the engine costs: a random graph against its bounds and ``make -j8``.

Real time, the real loop, the real journal on the disk. Only the tries are simple: a ``sleep``
process each, as make starts one. What a step costs that does nothing: :mod:`bench.empty`.

    python -m bench.engine
"""

from __future__ import annotations

import heapq
import os
import random
import selectors
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path

from bench.table import keep, load, table
from drkit.adapters.clock import SystemClock
from drkit.adapters.journal_file import JournalFile
from drkit.engine.decide import Pass
from drkit.engine.loop import Attempts, Ended, Hands, Stop, run_steps
from drkit.model.outcome import Outcome, State
from drkit.model.record import GateAnswered, Record, StepStarted
from drkit.model.step import Step, WaitWork
from drkit.planning.graph import Graph
from drkit.planning.order import longest_before, longest_behind
from drkit.ports import Journal

STEPS, LAYERS, BOUND, SEED = 200, 15, 8, 20261123
SHORTEST, LONGEST = 0.05, 0.5
_DONE = Outcome(state=State.DONE)


def layered_graph(steps: int, layers: int, seed: int = SEED) -> Graph:
    """Each step of a layer needs one to three of the layer before; 50 to 500 ms each."""
    dice = random.Random(seed)
    names = [f"s{number}" for number in range(steps)]
    rows = [names[row * steps // layers : (row + 1) * steps // layers] for row in range(layers)]
    found: dict[str, Step] = {}
    for above, row in zip([[], *rows], rows, strict=False):
        for name in row:
            needs = dice.sample(above, min(len(above), dice.randint(1, 3)))
            pause = timedelta(milliseconds=dice.randint(int(SHORTEST * 1000), int(LONGEST * 1000)))
            found[name] = _step(name, tuple(sorted(needs)), pause)
    return Graph(found, dict.fromkeys(found, ()))


def _step(name: str, needs: tuple[str, ...], pause: timedelta) -> Step:
    work = WaitWork(duration=pause, reason="measured")
    limit = timedelta(minutes=1)
    return Step(id=name, work=work, needs=needs, owner="bench", budget=pause, limit=limit)


def times(graph: Graph) -> dict[str, timedelta]:
    """Step id → how long it takes."""
    return {name: step.budget or timedelta(0) for name, step in graph.steps.items()}


def list_schedule(graph: Graph, priority: Mapping[str, tuple[float, float, int]]) -> float:
    """Seconds that list scheduling with :data:`BOUND` places takes when starting costs nothing."""
    took = times(graph)
    open_needs = {name: len(step.needs) for name, step in graph.steps.items()}
    waiting: dict[str, list[str]] = {name: [] for name in graph.steps}
    for name, step in graph.steps.items():
        for need in step.needs:
            waiting[need].append(name)
    ready = [(priority[name], name) for name, count in open_needs.items() if not count]
    heapq.heapify(ready)
    running: list[tuple[float, str]] = []
    now = 0.0
    while ready or running:
        while ready and len(running) < BOUND:
            name = heapq.heappop(ready)[1]
            heapq.heappush(running, (now + took[name].total_seconds(), name))
        now, ended = heapq.heappop(running)
        for name in waiting[ended]:
            open_needs[name] -= 1
            if not open_needs[name]:
                heapq.heappush(ready, (priority[name], name))
    return now


class Sleepers:
    """Tries that are a ``sleep`` process each: what make would start for the same step."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._began: dict[str, tuple[subprocess.Popen[bytes], float]] = {}

    def prepare(self, step: Step, number: int) -> StepStarted:
        return started(step, number)

    def start(self, step: Step, number: int, *, look_first: bool) -> None:
        del number, look_first
        pause = step.budget or timedelta(0)
        process = subprocess.Popen(["sleep", f"{pause.total_seconds():.3f}"])
        self._began[step.id] = process, time.monotonic()
        self._selector.register(os.pidfd_open(process.pid), selectors.EVENT_READ, step.id)

    def wait(self, limit: timedelta) -> Iterator[Ended]:
        for key, _ in self._selector.select(limit.total_seconds()):
            process, began = self._began.pop(key.data)
            process.wait()
            self._selector.unregister(key.fd)
            os.close(key.fd)
            elapsed = timedelta(seconds=time.monotonic() - began)
            yield Ended(step=key.data, outcome=_DONE, elapsed=elapsed)

    def stop(self) -> None:
        for process, _ in self._began.values():
            process.terminate()


def started(step: Step, number: int) -> StepStarted:
    return StepStarted(step=step.id, number=number, digest="", log=f"logs/{step.id}.{number}.log")


class _Nobody:
    """Watches nothing and consents to nothing."""

    def recorded(self, record: Record) -> None: ...

    def progressed(self, step: str, line: str) -> None: ...

    def ticked(self, now: object) -> None: ...

    def answer(self, step: Step, waited: timedelta) -> GateAnswered | None:
        del step, waited
        return None


def run_graph(graph: Graph, attempts: Attempts, journal: Journal | None = None) -> float:
    """Seconds from the first decision to the last record; without a ``journal`` in a new file."""
    if journal is None:
        with tempfile.TemporaryDirectory(prefix="drkit-bench-") as folder:
            path = Path(folder) / "journal.jsonl"
            with JournalFile(path, now=SystemClock().now) as file:
                return run_graph(graph, attempts, file)
    nobody = _Nobody()
    hands = Hands(
        journal=journal,
        attempts=attempts,
        consent=nobody,
        observer=nobody,
        clock=SystemClock(),
        stop=lambda: Stop.NO,
        may_wait=False,
    )
    began = time.perf_counter()
    pass_ = Pass(graph=graph, priority=_priority(graph), max_parallel=BOUND)
    stand = run_steps(pass_, hands)
    if stand != "finished":
        raise SystemExit(f"the engine stopped: {stand}")
    return time.perf_counter() - began


def _priority(graph: Graph) -> dict[str, tuple[float, float, int]]:
    """The longest way behind goes first: law 6 where all processes are equally urgent."""
    behind = longest_behind(graph, times(graph))
    return {
        name: (-behind[name].total_seconds(), 0.0, index) for index, name in enumerate(graph.steps)
    }


def write_makefile(folder: Path, graph: Graph, recipe: Callable[[Step], str]) -> None:
    rules = [f"all: {' '.join(graph.steps)}\n.PHONY: all {' '.join(graph.steps)}"]
    for name, step in graph.steps.items():
        rules.append(f"{name}: {' '.join(step.needs)}\n\t@{recipe(step)}")
    (folder / "Makefile").write_text("\n".join(rules) + "\n")


def run_make(graph: Graph) -> float:
    """Seconds that ``make`` takes for the same graph with the same number of places."""
    took = times(graph)
    with tempfile.TemporaryDirectory(prefix="drkit-bench-") as folder:
        write_makefile(
            Path(folder), graph, lambda step: f"sleep {took[step.id].total_seconds():.3f}"
        )
        # the jobserver of a make that runs this would bound the one that is measured
        environment = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
        began = time.perf_counter()
        command = ["make", f"-j{BOUND}", "--silent"]
        subprocess.run(command, cwd=folder, env=environment, check=True, timeout=300)
        return time.perf_counter() - began


def main() -> None:
    at = load()
    graph = layered_graph(STEPS, LAYERS)
    bounds = {
        "critical path": max(longest_before(graph, times(graph)).values()).total_seconds(),
        "work / places": sum(t.total_seconds() for t in times(graph).values()) / BOUND,
        "list scheduling": list_schedule(graph, _priority(graph)),
    }
    measured = {"drkit": run_graph(graph, Sleepers()), f"make -j{BOUND}": run_make(graph)}
    print(f"{STEPS} steps of 50 to 500 ms in {LAYERS} layers, {BOUND} at once\n")
    bound = bounds["list scheduling"]
    rows = [("", "seconds", "of list scheduling")]
    rows += [(k, f"{v:.2f}", f"{v / bound:.3f}") for k, v in (bounds | measured).items()]
    print(table(rows))
    print(f"\nload {at} before, {load()} after")
    print(keep("engine", {"load before": at, "bounds": bounds, "measured": measured}))


if __name__ == "__main__":
    main()
