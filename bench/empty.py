"""What a step costs that does nothing: memory and milliseconds, drkit beside make and luigi.

drkit records each start and each end durably, in a file, or in a file and outside (moto on this
machine); its steps start no process. make starts a ``true`` for each and keeps no record. luigi
(Apache-2.0, kept up) forks a process for each, and its record is the file that the process touches;
it is installed into a virtual environment that is thrown away.

    python -m bench.empty               # all of it
    python -m bench.empty file 1000     # one, as JSON
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from bench.engine import BOUND, LAYERS, layered_graph, run_graph, started, write_makefile
from bench.outside import journal_outside
from bench.table import keep, load, table
from drkit.engine.loop import Ended
from drkit.model.outcome import Outcome, State
from drkit.model.record import StepStarted
from drkit.model.step import Step
from drkit.planning.graph import Graph

STEPS = (1_000, 10_000)
LIMIT = 900.0
"""Seconds that each may take; what takes longer has no figure."""
LUIGI = "luigi==3.8.1"
_DONE = Outcome(state=State.DONE)
_KIB = 1024
_UV = Path(__file__).parents[1] / "tools" / "uv"
_LUIGI = """
import json, pathlib, sys
import luigi
here = pathlib.Path(sys.argv[1])
needs = json.loads((here / "needs.json").read_text())
class Step(luigi.Task):
    name = luigi.Parameter()
    def requires(self):
        return [Step(name=need) for need in needs[self.name]]
    def output(self):
        return luigi.LocalTarget(str(here / "made" / self.name))
    def run(self):
        self.output().makedirs()
        pathlib.Path(self.output().path).touch()
class All(luigi.WrapperTask):
    def requires(self):
        return [Step(name=name) for name in needs]
well = luigi.build([All()], workers=int(sys.argv[2]), local_scheduler=True, log_level="ERROR")
sys.exit(0 if well else 1)
"""


class Nothing:
    """Tries that are over as soon as they begin."""

    def __init__(self) -> None:
        self._began: list[str] = []

    def prepare(self, step: Step, number: int) -> StepStarted:
        return started(step, number)

    def start(self, step: Step, number: int, *, look_first: bool) -> None:
        del number, look_first
        self._began.append(step.id)

    def wait(self, limit: timedelta) -> Iterator[Ended]:
        del limit
        began, self._began = self._began, []
        for name in began:
            yield Ended(step=name, outcome=_DONE, elapsed=timedelta(0))

    def stop(self) -> None: ...


def measure_drkit(way: str, steps: int) -> dict[str, object]:
    """In this process, which is made for it: its memory is what is measured."""
    graph = layered_graph(steps, LAYERS)
    before, began = _peak("self"), time.process_time()
    if way == "file":
        seconds = run_graph(graph, Nothing())
    else:
        with journal_outside() as journal:
            before, began = _peak("self"), time.process_time()
            seconds = run_graph(graph, Nothing(), journal)
    return {
        "seconds": round(seconds, 3),
        "processor_seconds": round(time.process_time() - began, 3),
        "peak_mib": round(_peak("self") / _KIB, 1),
        "grown_mib": round((_peak("self") - before) / _KIB, 1),
    }


def measure_make(steps: int) -> dict[str, object]:
    with tempfile.TemporaryDirectory(prefix="drkit-bench-") as folder:
        write_makefile(Path(folder), layered_graph(steps, LAYERS), lambda _: "true")
        return _watched(["make", f"-j{BOUND}", "--silent", "-C", folder])


def measure_luigi(python: Path, steps: int) -> dict[str, object]:
    graph = layered_graph(steps, LAYERS)
    with tempfile.TemporaryDirectory(prefix="drkit-bench-") as folder:
        here = Path(folder)
        (here / "graph.py").write_text(_LUIGI)
        (here / "needs.json").write_text(json.dumps(_needs(graph)))
        return _watched([str(python), str(here / "graph.py"), folder, str(BOUND)])


def _needs(graph: Graph) -> dict[str, list[str]]:
    return {name: list(step.needs) for name, step in graph.steps.items()}


def _watched(command: Sequence[str]) -> dict[str, object]:
    """Seconds of a command, unless it is ended for them, and the memory of its first process."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
    began, peak = time.perf_counter(), 0
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    over = threading.Event()

    def end() -> None:
        over.set()
        process.kill()

    timer = threading.Timer(LIMIT, end)
    timer.start()
    while process.poll() is None:
        peak = max(peak, _peak(str(process.pid)))
        time.sleep(0.02)
    timer.cancel()
    if over.is_set():
        return {"seconds": f"> {LIMIT:.0f}", "peak_mib": round(peak / _KIB, 1)}
    if process.returncode:
        raise SystemExit(f"{command[0]} ended with {process.returncode}")
    seconds = time.perf_counter() - began
    return {"seconds": round(seconds, 3), "peak_mib": round(peak / _KIB, 1)}


def _peak(pid: str) -> int:
    """KiB of memory at most so far. Not getrusage's: that holds its parent's, from before exec."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    lines = (line for line in status.splitlines() if line.startswith("VmHWM"))
    return next((int(line.split()[1]) for line in lines), 0)


@contextmanager
def luigi() -> Iterator[Path]:
    """The interpreter of an environment that has it."""
    with tempfile.TemporaryDirectory(prefix="drkit-bench-") as folder:
        python = Path(folder) / "bin" / "python"
        make = ["venv", "--quiet", "--no-python-downloads", "--python", sys.executable, folder]
        install = ["pip", "install", "--quiet", "--python", str(python), LUIGI]
        for arguments in (make, install):
            subprocess.run([str(_UV), *arguments], check=True, timeout=LIMIT)
        yield python


def main() -> None:
    if len(sys.argv) > 2:
        print(json.dumps(measure_drkit(sys.argv[1], int(sys.argv[2]))))
        return
    at = load()
    found: dict[str, dict[str, object]] = {}
    with luigi() as python:
        for steps in STEPS:
            found[f"drkit, file, {steps}"] = _in_a_process("file", steps)
            found[f"drkit, file and outside, {steps}"] = _in_a_process("outside", steps)
            found[f"make -j{BOUND}, {steps}"] = measure_make(steps)
            found[f"luigi, {BOUND} workers, {steps}"] = measure_luigi(python, steps)
    print(f"empty steps in {LAYERS} layers, {BOUND} at once\n")
    print(table([("", "ms per step", "seconds", "peak MiB"), *_rows(found)]))
    print(f"\nload {at} before, {load()} after")
    print(keep("empty", {"load before": at, "found": found}))


def _rows(found: dict[str, dict[str, object]]) -> Iterator[tuple[object, ...]]:
    for name, figures in found.items():
        seconds, steps = figures["seconds"], int(name.rpartition(" ")[2])
        each = f"{seconds * 1000 / steps:.2f}" if isinstance(seconds, float) else "–"
        yield name, each, seconds, figures["peak_mib"]


def _in_a_process(way: str, steps: int) -> dict[str, object]:
    command = [sys.executable, "-m", "bench.empty", way, str(steps)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=LIMIT)
    figures: dict[str, object] = json.loads(done.stdout)
    return figures


if __name__ == "__main__":
    main()
