"""The probe: does each process answer from outside? What it saw starts the RTO clock.

Decides what counts as an answer: status 200 on the process's page, within the limit. What was
seen is kept by :mod:`drkit.adapters.probe_results`.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpcore

from drkit.adapters.probe_results import Result, append
from drkit.adapters.resolving import Addresses

LIMIT = timedelta(seconds=2)
"""For one question: connection, TLS and the answer's first line together. httpx limits each part
alone, so that a host which drips a byte a second would never be found dead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """What is asked, as a customer would: the public name, by the customers' DNS."""

    name: str
    pages: Mapping[str, str]
    """Process → path."""
    resolver: str | None
    ca: Path | None
    port: int = 443


class Prober:
    """Asks all processes at once. Addresses are kept for their time to live."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._addresses = Addresses(shop.resolver, {})
        self._trust = ssl.create_default_context(cafile=str(shop.ca) if shop.ca else None)

    def ask(self) -> tuple[Result, ...]:
        """One result for each process, in the order of the plan, a few seconds later at most."""
        at = datetime.now(UTC)
        try:
            addresses = self._addresses.of(self._shop.name)
        except httpcore.ConnectError as error:
            addresses, lost = (), str(error)
        else:
            lost = "" if addresses else f"{self._shop.name} has no address"

        def one(process: str) -> Result:
            said = lost or self._said(addresses, self._shop.pages[process])
            return Result(at=at, process=process, ok=not said, said=said)

        with ThreadPoolExecutor(max_workers=len(self._shop.pages)) as pool:
            return tuple(pool.map(one, self._shop.pages))

    def _said(self, addresses: tuple[str, ...], path: str) -> str:
        """Empty for an answer; else why there is none, of the address asked last."""
        end = time.monotonic() + LIMIT.total_seconds()
        said = ""
        for address in addresses:
            try:
                status = self._status(address, path, end)
            except (OSError, ValueError) as error:
                said = f"{address}: {error or type(error).__name__}"
                continue
            if status == 200:
                return ""
            said = f"{address}: status {status}"
        return said

    def _status(self, address: str, path: str, end: float) -> int:
        """The status of the answer. Raises OSError (a time-out too), ValueError."""
        request = (
            f"GET {path} HTTP/1.1\r\nHost: {self._shop.name}\r\n"
            "User-Agent: drkit-probe\r\nConnection: close\r\n\r\n"
        )
        begun = socket.create_connection((address, self._shop.port), timeout=_left(end))
        with begun as plain:
            plain.settimeout(_left(end))
            with self._trust.wrap_socket(plain, server_hostname=self._shop.name) as line:
                line.settimeout(_left(end))
                line.sendall(request.encode())
                answer = b""
                while b"\r\n" not in answer and len(answer) < 1000:
                    line.settimeout(_left(end))
                    part = line.recv(1000)
                    if not part:
                        break
                    answer += part
        words = answer.split(b" ", 2)
        if not answer.startswith(b"HTTP/1.") or len(words) < 2:
            raise ValueError("no answer of HTTP")
        return int(words[1])


def watch(
    prober: Prober,
    path: Path,
    *,
    every: timedelta,
    span: timedelta | None,
    stop: threading.Event,
    tell: Callable[[str], None],
) -> None:
    """Ask ``every`` so often, until ``stop`` is set or ``span`` is over (None: it never is). How
    each process stands is told first, and after that only changes."""
    before: dict[str, bool] = {}
    begun = time.monotonic()
    last = begun + span.total_seconds() if span is not None else float("inf")
    while not stop.is_set() and begun < last:
        results = prober.ask()
        append(path, results)
        for result in results:
            if before.get(result.process) != result.ok:
                tell(_change(result))
            before[result.process] = result.ok
        begun = max(begun + every.total_seconds(), time.monotonic())
        stop.wait(min(begun, last) - time.monotonic())


def _change(result: Result) -> str:
    word = "answers" if result.ok else f"FAILS: {result.said}"
    return f"{result.at:%H:%M:%S} UTC  {result.process} {word}"


def _left(end: float) -> float:
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError(f"no answer within {LIMIT.total_seconds():g} s")
    return left
