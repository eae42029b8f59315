"""The engine's hands: each try of a step is a process under a supervisor (:mod:`drkit.attempt`).

A try that ends without a word has an unknown effect: so has one that its limit or a person ended.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import selectors
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

from drkit import processes
from drkit.adapters.codec import from_json
from drkit.adapters.forking import Forked, ForkServer, Job
from drkit.adapters.requests import outcome_of_error, write_request
from drkit.adapters.scratch import make_scratch, sweep_scratch
from drkit.engine.loop import Ended, Said
from drkit.model.outcome import Failure, Outcome, State
from drkit.model.quantities import format_duration
from drkit.model.record import StepStarted
from drkit.model.step import Step
from drkit.planning.half_done import way_back
from drkit.ports import Context

ContextFor = Callable[[Step, int], Context]
"""Builds what a try may know, when it starts: facts grow as steps end."""


@dataclass(slots=True, kw_only=True)
class _Try:
    step: Step
    folder: Path
    """The run's."""
    supervisor: Forked
    """Once it has ended, so has all below it."""
    mark: str
    began: float
    moved: float
    """When it last said something new."""
    line: str = ""
    """What that was."""
    buffer: bytes = b""
    outcome: Outcome | None = None
    why_ended: str = ""
    garbled: str = ""
    """Why an outcome that it told could not be read."""


class ProcessAttempts:
    """Implements :class:`drkit.engine.loop.Attempts`. Not for use from more than one thread, as
    ``server`` is not.

    A try is over when its supervisor is: not when its channel closes, because the supervisor may
    still be ending what the tool left behind. Nothing here waits for one try while others run.
    """

    def __init__(
        self,
        context_for: ContextFor,
        *,
        digest: Callable[[Step], str],
        server: ForkServer,
    ) -> None:
        self._context_for = context_for
        self._server = server
        self._digest = digest
        self._selector = selectors.DefaultSelector()
        self._tries: dict[str, _Try] = {}
        self._never_began: list[Ended] = []

    @property
    def running(self) -> tuple[str, ...]:
        """Ids of the steps whose try is not over."""
        return tuple(self._tries)

    def prepare(self, step: Step, number: int) -> StepStarted:
        log = f"logs/{step.id}.{number}.log"
        return StepStarted(step=step.id, number=number, digest=self._digest(step), log=log)

    def start(self, step: Step, number: int, *, look_first: bool) -> None:
        try:
            context = self._context_for(step, number)
            request = json.dumps(
                write_request(step.work, context, step=step.id, look_first=look_first)
            )
            self._start(step, request.encode(), context)
        except Exception as error:  # noqa: BLE001 - it is this step's end, and not that of the others
            outcome = outcome_of_error(error)
            self._never_began.append(Ended(step=step.id, outcome=outcome, elapsed=timedelta(0)))

    def wait(self, limit: timedelta) -> Iterator[Said | Ended]:
        self._end_overdue()
        never_began, self._never_began = self._never_began, []
        yield from never_began
        pause = 0.0 if never_began else limit.total_seconds()
        for key, _ in self._selector.select(pause):
            current = self._tries.get(key.data)
            if current is not None:
                yield from self._read(current)
                if key.fd == current.supervisor.ended:
                    yield self._ended(current)

    def stop(self) -> None:
        for current in self._tries.values():
            self._end(current, "a person stopped it")

    def _start(self, step: Step, request: bytes, context: Context) -> None:
        mark, scratch = processes.new_mark(), make_scratch(context.folder, step.id)
        job = Job(
            name=f"drkit {step.id}",
            mark=mark,
            scratch=scratch,
            folder=context.plan.root,
        )
        supervisor = self._server.fork(job)
        self._tries[step.id] = _Try(
            step=step,
            folder=context.folder,
            supervisor=supervisor,
            mark=mark,
            began=time.monotonic(),
            moved=time.monotonic(),
        )
        os.set_blocking(supervisor.said.fileno(), False)
        self._selector.register(supervisor.said, selectors.EVENT_READ, step.id)
        self._selector.register(supervisor.ended, selectors.EVENT_READ, step.id)
        with contextlib.suppress(BrokenPipeError), supervisor.task as task:
            _make_room(task, len(request))
            task.write(request)

    def _read(self, current: _Try) -> Iterator[Said]:
        """All that the try has said since. Its end of the channel may close before it ends."""
        said = current.supervisor.said
        if said.closed:
            return
        with contextlib.suppress(BlockingIOError):
            while data := os.read(said.fileno(), 1 << 16):
                yield from self._lines(current, data)
            self._selector.unregister(said)
            said.close()

    def _lines(self, current: _Try, data: bytes) -> Iterator[Said]:
        *lines, current.buffer = (current.buffer + data).split(b"\n")
        for line in lines:
            match _message(line):
                case {"said": str(said)}:
                    if said != current.line:  # the same again is a sign of life, and no progress
                        current.line, current.moved = said, time.monotonic()
                    yield Said(step=current.step.id, line=said)
                case {"outcome": outcome}:
                    self._take(current, outcome)
                case _:
                    pass

    def _take(self, current: _Try, outcome: object) -> None:
        """An outcome that is none leaves the effect unknown: the other tries go on."""
        try:
            current.outcome = from_json(outcome, Outcome)
        except Exception as error:  # noqa: BLE001 - cattrs raises what the value makes of it
            current.garbled = f"what it said of its outcome cannot be read ({type(error).__name__})"

    def _ended(self, current: _Try) -> Ended:
        code = self._server.code(current.supervisor)
        if code < 0:  # the supervisor itself was killed: nobody has ended what is below it
            processes.end_processes(processes.marked(current.mark))
        sweep_scratch(current.folder, current.step.id)
        self._forget(current)
        outcome = current.outcome
        # a tool that was told to end says that it was, which is no news
        if outcome is None or (current.why_ended and outcome.state is State.UNKNOWN):
            vanished = f"its process vanished ({_how(code)})"
            why = current.why_ended or current.garbled or vanished
            why += f"; the last was: {current.line}" if current.line else ""
            remedy = f"run the same command again; {way_back(current.step)}"
            failure = Failure(message=why, remedy=remedy)
            outcome = Outcome(
                state=State.UNKNOWN, message=f"effect unknown: {why}", failures=(failure,)
            )
        elapsed = timedelta(seconds=time.monotonic() - current.began)
        return Ended(step=current.step.id, outcome=outcome, elapsed=elapsed)

    def _forget(self, current: _Try) -> None:
        del self._tries[current.step.id]
        self._selector.unregister(current.supervisor.ended)
        os.close(current.supervisor.ended)
        if not current.supervisor.said.closed:
            self._selector.unregister(current.supervisor.said)
            current.supervisor.said.close()

    def _end_overdue(self) -> None:
        for current in self._tries.values():
            now, limit, stalled = time.monotonic(), current.step.limit, current.step.stalled
            if now - current.began > limit.total_seconds():
                self._end(current, f"it did not end within its limit of {format_duration(limit)}")
            elif stalled is not None and now - current.moved > stalled.total_seconds():
                self._end(
                    current, f"it said nothing new for {format_duration(stalled)} (`stalled`)"
                )

    def _end(self, current: _Try, why: str) -> None:
        if not current.why_ended:
            current.why_ended = why
            current.supervisor.end()


def _message(line: bytes) -> object:
    """What a line of the channel says; a line that is no message says nothing."""
    try:
        return json.loads(line)
    except ValueError:
        return None


def _make_room(pipe: BinaryIO, size: int) -> None:
    """A request that fits into the pipe is written at once; else the start of its reader is waited
    for. Where the kernel grants no larger pipe, it is.
    """
    with contextlib.suppress(OSError):
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, max(size, 1 << 16))


def _how(code: int) -> str:
    number = -code if code < 0 else code - 128
    if number > 0:
        with contextlib.suppress(ValueError):
            return signal.Signals(number).name
    return f"exit {code}"
