"""A rebuild that is killed at a chosen moment: drkit alone, or the whole machine's share of it."""

from __future__ import annotations

import os
import signal
import subprocess
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from drkit.engine.progress import stand
from drkit.model.outcome import State
from tests.e2e.desk import Desk, Run, Said
from tests.integration.sandbox.lab import eventually
from tests.survivors import alive_with

_WITHIN = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """While ``step`` is at work: from when its log says ``words`` so many ``times``."""

    step: str
    words: str
    times: int = 1
    machine: bool
    """Whether all processes die at once, as with their machine; else drkit's first one alone."""


MID_STACK = Moment(step="compute", words="Instance edge-1 creating", machine=True)
MID_PLAYBOOK = Moment(step="base", words="TASK [", times=4, machine=False)
MID_RESTORE = Moment(step="orders-db", words="Restore the cluster from outside", machine=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Killed:
    moment: Moment
    run: Run
    survivors: list[int]
    states: Mapping[str, State]
    said: Said


def kill_at(desk: Desk, moment: Moment, *command: str) -> Killed:
    """Type ``command``, and kill it with SIGKILL at ``moment``."""
    mark = uuid.uuid4().hex
    known = _logs(desk, moment.step)
    process = desk.begin(*command, mark=mark)

    def reached() -> bool:
        assert process.poll() is None, desk.ended(process).err
        fresh = _logs(desk, moment.step) - known
        return any(log.read_text().count(moment.words) >= moment.times for log in fresh)

    eventually(reached, within=_WITHIN, what=f"{moment.step} says {moment.words}")
    kill(process, mark, machine=moment.machine)
    said = desk.ended(process)
    # what lives on now must end by itself, and soon
    eventually(lambda: alive_with(mark) == [], within=timedelta(seconds=30), what="all are gone")
    run = desk.runs(command[0])[-1]
    return Killed(
        moment=moment,
        run=run,
        survivors=alive_with(mark),
        states=stand(run.records()).states,
        said=said,
    )


def kill(process: subprocess.Popen[str], mark: str, *, machine: bool) -> None:
    """End a command with SIGKILL: its first process, or at once all that carry its mark."""
    for pid in alive_with(mark) if machine else [process.pid]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _logs(desk: Desk, step: str) -> set[Path]:
    return set((desk.root / ".drkit" / "runs").glob(f"*/logs/{step}.*.log"))
