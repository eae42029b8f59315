"""The public addresses of all regions: one pool, from which elastic IPs and the addresses that
instances are given at launch are both taken.

Invariant: no two things have one address. moto notes an address some time after it asked for it,
so what was handed out a moment ago counts as taken, whether it is in use yet or not.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta

from drkit.sandbox import addresses

REST = timedelta(seconds=10)
"""How long an address that was handed out is not handed out again, though nobody has it."""

Clock = Callable[[], float]


class ElasticPool:
    """Hands out addresses in turn, so that one that was given back rests a while.

    ``in_use`` tells every address that any region has given away.
    """

    def __init__(
        self, in_use: Callable[[], frozenset[str]], *, clock: Clock = time.monotonic
    ) -> None:
        self._in_use = in_use
        self._clock = clock
        self._lock = threading.Lock()
        self._all = [str(address) for address in addresses.ELASTIC.hosts()]
        self._next = 0
        self._handed: dict[str, float] = {}

    def take(self) -> str | None:
        """The next free address; None: there is none."""
        with self._lock:
            taken = self._taken()
            for step in range(len(self._all)):
                candidate = self._all[(self._next + step) % len(self._all)]
                if candidate not in taken:
                    self._next += step + 1
                    self._handed[candidate] = self._clock()
                    return candidate
        return None

    def claim(self, address: str) -> bool:
        """Take this very address; False: it is none of the pool's, or is not free."""
        with self._lock:
            if address not in self._all or address in self._taken():
                return False
            self._handed[address] = self._clock()
            return True

    def _taken(self) -> frozenset[str]:
        since = self._clock() - REST.total_seconds()
        self._handed = {address: at for address, at in self._handed.items() if at > since}
        return self._in_use() | self._handed.keys()
