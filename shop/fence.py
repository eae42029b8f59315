"""May this host write? Asked of the host's epoch daemon before every write and outward call.

A site that lost its place must not take an order, charge a card or send a mail, also when it comes
back hours later with its queues full. So no answer from the daemon is a no: a host that cannot
know whether it still serves does not write. A proof (the marked purchase of a recovery) passes
while the site is closed, because that is when it is proven; nothing passes while it is fenced.
"""

from __future__ import annotations

import http.client
import json
import socket
import time
from enum import StrEnum
from pathlib import Path

_LIMIT = 2.0
"""Seconds. The daemon answers within 1 s, also when it has to read the epoch first."""
_TURN = 0.01


class Stand(StrEnum):
    OPEN = "open"
    CLOSED = "closed"
    FENCED = "fenced"


class Refused(Exception):
    """This host may not write now."""

    def __init__(self, stand: Stand, reason: str) -> None:
        super().__init__(f"{stand}: {reason}")
        self.stand = stand


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=_LIMIT)
        self._path = path

    def connect(self) -> None:
        # Linux answers EAGAIN at once where the daemon's queue is full: in a rush of customers
        # that means wait your turn, not closed.
        deadline = time.monotonic() + _LIMIT
        while True:
            self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.sock.settimeout(_LIMIT)
            try:
                return self.sock.connect(str(self._path))
            except BlockingIOError:
                self.sock.close()
                if time.monotonic() > deadline:
                    raise
                time.sleep(_TURN)


class Fence:
    def __init__(self, path: Path) -> None:
        self._path = path

    def stand(self) -> tuple[Stand, str]:
        """Where this host stands, and the daemon's reason. No answer counts as closed."""
        connection = _Connection(self._path)
        try:
            connection.request("GET", "/may-write")
            answer = connection.getresponse()
            if answer.status == 204:
                return Stand.OPEN, ""
            told = json.loads(answer.read())
            return Stand(told["state"]), str(told.get("reason", ""))
        except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError) as error:
            return Stand.CLOSED, f"the epoch daemon gave no answer: {error or type(error).__name__}"
        finally:
            connection.close()

    def ask(self, proof: str | None) -> None:
        """Go on, or raise :class:`Refused`. ``proof`` is the run whose proof wants to write."""
        stand, reason = self.stand()
        if stand is Stand.OPEN or (stand is Stand.CLOSED and proof):
            return
        raise Refused(stand, reason)
