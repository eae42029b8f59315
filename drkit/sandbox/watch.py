"""Notices at once when a host's init ends, whoever ended it, without polling.

Holds a process file descriptor per host; one thread sleeps until one of them becomes readable.
"""

from __future__ import annotations

import logging
import os
import selectors
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)


class Watch:
    """Calls ``ended(host, pid)`` from its own thread, once for each host's init that ends."""

    def __init__(self, ended: Callable[[str, int], None]) -> None:
        self._ended = ended
        self._selector = selectors.DefaultSelector()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def add(self, host: str, pid: int) -> None:
        """Watch a host's init. One that is gone already is not reported: its host is just being
        started, and who starts it looks."""
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            return
        self._selector.register(descriptor, selectors.EVENT_READ, (host, pid))

    def _run(self) -> None:
        while True:
            # A selector that was empty does not see what is added while it sleeps: it wakes up.
            for key, _ in self._selector.select(timeout=0.2):
                self._selector.unregister(key.fd)
                os.close(key.fd)
                try:
                    self._ended(*key.data)
                except Exception:
                    # Nobody else would notice the end of any other host.
                    log.exception("the end of host %s", key.data[0])
