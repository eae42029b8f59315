"""What the engine costs: a random graph against its bounds and ``make -j8``, and empty steps.

Real time, the real loop, the real journal on the disk. Only the tries are simple: a ``sleep``
process each, as make starts one, or nothing at all.

    python -m bench.engine            # all of it
    python -m bench.engine empty 1000 # one size, as JSON
"""

from __future__ import annotations

import heapq
import json
import os
import random
import selectors
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
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

STEPS, LAYERS, BOUND, SEED = 200, 15, 8, 20261123
SHORTEST, LONGEST = 0.05, 0.5
EMPTY = (1_000, 10_000)
_DONE = Outcome(state=State.DONE)
_KIB = 1024


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
        return _started(step, number)

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


class Nothing:
    """Tries that are over as soon as they begin."""

    def __init__(self) -> None:
        self._began: list[str] = []

    def prepare(self, step: Step, number: int) -> StepStarted:
        return _started(step, number)

    def start(self, step: Step, number: int, *, look_first: bool) -> None:
        del number, look_first
        self._began.append(step.id)

    def wait(self, limit: timedelta) -> Iterator[Ended]:
        del limit
        began, self._began = self._began, []
        for name in began:
            yield Ended(step=name, outcome=_DONE, elapsed=timedelta(0))

    def stop(self) -> None: ...


def _started(step: Step, number: int) -> StepStarted:
    return StepStarted(step=step.id, number=number, digest="", log=f"logs/{step.id}.{number}.log")


class _Nobody:
    """Watches nothing and consents to nothing."""

    def recorded(self, record: Record) -> None: ...

    def progressed(self, step: str, line: str) -> None: ...

    def ticked(self, now: object) -> None: ...

    def answer(self, step: Step, waited: timedelta) -> GateAnswered | None:
        del step, waited
        return None


def run_graph(graph: Graph, attempts: Attempts) -> tuple[float, int]:
    """Seconds from the first decision to the last record, and bytes of the journal."""
    clock, nobody = SystemClock(), _Nobody()
    with tempfile.TemporaryDirectory(prefix="drkit-bench-") as folder:
        path = Path(folder) / "journal.jsonl"
        with JournalFile(path, now=clock.now) as journal:
            hands = Hands(
                journal=journal,
                attempts=attempts,
                consent=nobody,
                observer=nobody,
                clock=clock,
                stop=lambda: Stop.NO,
                may_wait=False,
            )
            began = time.perf_counter()
            pass_ = Pass(graph=graph, priority=_priority(graph), max_parallel=BOUND)
            stand = run_steps(pass_, hands)
            seconds = time.perf_counter() - began
        if stand != "finished":
            raise SystemExit(f"the engine stopped: {stand}")
        return seconds, path.stat().st_size


def _priority(graph: Graph) -> dict[str, tuple[float, float, int]]:
    """The longest way behind goes first: law 6 where all processes are equally urgent."""
    behind = longest_behind(graph, times(graph))
    return {
        name: (-behind[name].total_seconds(), 0.0, index) for index, name in enumerate(graph.steps)
    }


def run_make(graph: Graph) -> float:
    """Seconds that ``make`` takes for the same graph with the same number of places."""
    rules = [f"all: {' '.join(graph.steps)}\n.PHONY: all {' '.join(graph.steps)}"]
    for name, step in graph.steps.items():
        pause = (step.budget or timedelta(0)).total_seconds()
        rules.append(f"{name}: {' '.join(step.needs)}\n\t@sleep {pause:.3f}")
    with tempfile.TemporaryDirectory(prefix="drkit-bench-") as folder:
        (Path(folder) / "Makefile").write_text("\n".join(rules) + "\n")
        # the jobserver of a make that runs this would bound the one that is measured
        environment = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
        began = time.perf_counter()
        command = ["make", f"-j{BOUND}", "--silent"]
        subprocess.run(command, cwd=folder, env=environment, check=True, timeout=300)
        return time.perf_counter() - began


def measure_empty(steps: int) -> dict[str, object]:
    """Steps that do nothing, in this process: for a process of its own, because memory is its."""
    graph = layered_graph(steps, LAYERS)
    before = _peak()
    began = time.process_time()
    seconds, size = run_graph(graph, Nothing())
    peak = _peak()
    return {
        "steps": steps,
        "seconds": round(seconds, 3),
        "processor_seconds": round(time.process_time() - began, 3),
        "ms_per_step": round(seconds * 1000 / steps, 3),
        "peak_mib": round(peak / _KIB, 1),
        "grown_mib": round((peak - before) / _KIB, 1),
        "journal_mib": round(size / _KIB / _KIB, 2),
    }


def _peak() -> int:
    """KiB of memory at most so far. Not getrusage's: that holds its parent's, from before exec."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))


def main() -> None:
    if sys.argv[1:2] == ["empty"]:
        print(json.dumps(measure_empty(int(sys.argv[2]))))
        return
    at = load()
    graph = layered_graph(STEPS, LAYERS)
    bounds = {
        "critical path": max(longest_before(graph, times(graph)).values()).total_seconds(),
        "work / places": sum(t.total_seconds() for t in times(graph).values()) / BOUND,
        "list scheduling": list_schedule(graph, _priority(graph)),
    }
    measured = {"drkit": run_graph(graph, Sleepers())[0], f"make -j{BOUND}": run_make(graph)}
    print(f"{STEPS} steps of 50 to 500 ms in {LAYERS} layers, {BOUND} at once\n")
    bound = bounds["list scheduling"]
    rows = [("", "seconds", "of list scheduling")]
    rows += [(k, f"{v:.2f}", f"{v / bound:.3f}") for k, v in (bounds | measured).items()]
    print(table(rows))
    empty = [_in_a_process(steps) for steps in EMPTY]
    print("\nempty steps, starts and ends recorded\n")
    print(table([list(empty[0]), *(list(row.values()) for row in empty)]))
    print(f"\nload {at} before, {load()} after")
    kept = keep(
        "engine", {"load before": at, "bounds": bounds, "measured": measured, "empty": empty}
    )
    print(kept)


def _in_a_process(steps: int) -> dict[str, object]:
    command = [sys.executable, "-m", "bench.engine", "empty", str(steps)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=600)
    found: dict[str, object] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    main()
