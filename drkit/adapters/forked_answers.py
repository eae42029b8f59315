"""One question, one answer, each in a process that a server forks: for whoever has many questions
and asks them from several threads.

Refuses to wait for longer than the asker wants: the process is ended then, with all below it.
"""

from __future__ import annotations

import contextlib
import os
import select
import selectors
import threading
import time
from dataclasses import dataclass
from datetime import timedelta

from drkit import processes
from drkit.adapters.forking import Forked, ForkServer, Job
from drkit.errors import EffectUnknown

_ENDED_WITHIN = processes.GRACE + timedelta(seconds=2)
"""How long a process that was asked to end is waited for: it ends what is below it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    code: int
    text: str


class ForkedAnswers:
    """``server`` is asked by one thread at a time. It must have been started by one that lives as
    long as the answers are wanted.
    """

    def __init__(self, server: ForkServer) -> None:
        self._server = server
        self._turn = threading.Lock()

    def to(self, question: str, job: Job, *, limit: timedelta) -> Answer:
        """What the process answered, and its exit code. Raises StepError if none can be started,
        EffectUnknown if it is too slow.
        """
        with self._turn:
            forked = self._server.fork(job)
        try:
            with contextlib.suppress(BrokenPipeError), forked.task as task:
                task.write(question.encode())
            text = _heard(forked, limit)
            with self._turn:
                return Answer(code=self._server.code(forked), text=text.decode(errors="replace"))
        finally:
            forked.said.close()
            os.close(forked.ended)


def _heard(forked: Forked, limit: timedelta) -> bytes:
    """All that it says until it ends. Raises EffectUnknown where that is not within ``limit``."""
    end, said = time.monotonic() + limit.total_seconds(), bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(forked.said, selectors.EVENT_READ)
        selector.register(forked.ended, selectors.EVENT_READ)
        while ready := selector.select(max(end - time.monotonic(), 0)):
            if forked.said not in {key.fileobj for key, _ in ready}:
                return bytes(said)  # it has ended, and nothing of what it said is left
            if data := os.read(forked.said.fileno(), 1 << 16):
                said += data
            else:
                selector.unregister(forked.said)
    forked.end()
    select.select([forked.ended], [], [], _ENDED_WITHIN.total_seconds())
    raise EffectUnknown(f"it did not end within {limit.total_seconds():g} s")
