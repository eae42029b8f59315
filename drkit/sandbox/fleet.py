"""The hosts that are here: starts, stops and removes them side by side, and watches over them.

A host's security groups are applied right after its network namespace exists, long before any
service in it listens. A host that ends without having been told to is reported to the API:
stopped while its container is there, terminated when that is gone. A host that cannot be started
is terminated, as on AWS, whatever the reason.

Invariant: a container that is here is in ``_standing``, so that it is stopped and removed when the
API says so; one whose start failed is removed at once.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from drkit.errors import SandboxError
from drkit.sandbox import ground, groups, hosts, observed
from drkit.sandbox.changes import Standing
from drkit.sandbox.landscape import Condition, Host, Landscape
from drkit.sandbox.running import Running
from drkit.sandbox.watch import Watch

AT_ONCE = 4
"""Hosts started side by side: two processors do not start more any faster."""

SETTLED = timedelta(seconds=0.5)
"""How long podman takes, at most, to remove a container that it has killed."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridge:
    """A network's interface on this machine, and the address it has there."""

    interface: str
    gateway: str


class Fleet:
    """Its methods may be called from any thread and return before their work is done."""

    def __init__(self, *, folder: Path, trust: hosts.Trust, changed: Callable[[], None]) -> None:
        self._folder = folder
        self._trust = trust
        self._changed = changed
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="host")
        self._watch = Watch(self._ended)
        self._landscape = Landscape()
        self._standing: dict[str, Standing] = {}
        self._busy: set[str] = set()
        self._running: dict[str, Running] = {}
        self._guarded: dict[str, tuple[int, str]] = {}

    def begin(self) -> None:
        self._watch.start()

    def standing(self) -> dict[str, Standing]:
        with self._lock:
            return dict(self._standing)

    def busy(self) -> frozenset[str]:
        with self._lock:
            return frozenset(self._busy)

    def start(self, host: Host, bridge: Bridge) -> None:
        self._submit(host.id, lambda: self._start(host, bridge, first=True))

    def resume(self, host: Host, bridge: Bridge) -> None:
        self._submit(host.id, lambda: self._start(host, bridge, first=False))

    def stop(self, identity: str) -> None:
        def work() -> None:
            hosts.stop(identity)
            with self._lock:
                self._note_stopped(identity)

        self._submit(identity, work)

    def remove(self, identity: str) -> None:
        def work() -> None:
            hosts.remove(identity, folder=self._folder)
            with self._lock:
                self._standing.pop(identity, None)
                self._running.pop(identity, None)
                self._guarded.pop(identity, None)

        self._submit(identity, work)

    def guard(self, landscape: Landscape) -> None:
        """Bring every host's security groups up to date, where they changed."""
        with self._lock:
            self._landscape = landscape
            running = dict(self._running)
        for host in landscape.running():
            known = running.get(host.id)
            if known is None:
                continue
            text = groups.rules(host, landscape)
            if self._guarded.get(host.id) != (known.pid, text):
                try:
                    hosts.guard(known, text)
                except Exception:
                    # Other hosts' groups must not wait for this one's.
                    log.exception("security groups of %s", host.id)
                else:
                    self._guarded[host.id] = (known.pid, text)

    def _submit(self, identity: str, work: Callable[[], None]) -> None:
        with self._lock:
            self._busy.add(identity)

        def whole() -> None:
            try:
                work()
            except Exception:
                log.exception("host %s", identity)
            with self._lock:
                self._busy.discard(identity)
                running = self._running.get(identity)
            # An end that came while something was being done to the host was passed over.
            if running is not None and not running.alive:
                self._ended(identity, running.pid)
            self._changed()

        self._pool.submit(whole)

    def _start(self, host: Host, bridge: Bridge, *, first: bool) -> None:
        try:
            if first:
                running = hosts.start(host, folder=self._folder, trust=self._trust)
            else:
                running = hosts.resume(host)
            with self._lock:
                text = groups.rules(host, self._landscape)
            hosts.guard(running, text)
            hosts.route(running, bridge.gateway)
            ground.prepare_bridge(bridge.interface, bridge.gateway)
        except Exception:
            self._give_up(host)
            raise
        with self._lock:
            self._standing[host.id] = Standing(network=host.network, pid=running.pid)
            self._running[host.id] = running
            self._guarded[host.id] = (running.pid, text)
        self._watch.add(host.id, running.pid)

    def _give_up(self, host: Host) -> None:
        """Take away what a failed start left; what cannot be now is when the loop comes by."""
        with self._lock:
            self._standing[host.id] = Standing(network=host.network, pid=None)
        try:
            hosts.remove(host.id, folder=self._folder)
            with self._lock:
                del self._standing[host.id]
        finally:
            observed.terminated(host.region, host.id)

    def look_after_stopped(self) -> None:
        """Report hosts whose container vanished after it had stopped."""
        stopped = [name for name, found in self.standing().items() if found.pid is None]
        for identity in set(stopped) - self.busy():
            try:
                there = hosts.exists(identity)
            except SandboxError:
                # Unknown is not gone; the loop asks again.
                log.exception("host %s", identity)
                continue
            if not there:
                with self._lock:
                    self._standing.pop(identity, None)
                self._report(identity, observed.terminated)

    def _ended(self, identity: str, pid: int) -> None:
        """A host's init has ended: unless we ended it, the API must learn of it."""
        with self._lock:
            known = self._standing.get(identity)
            if identity in self._busy or known is None or known.pid != pid:
                return
            self._note_stopped(identity)
        log.warning("host %s ended without having been told to", identity)
        self._report(identity, observed.stopped)
        # Whoever removes a container kills it first: look again when that has been done.
        threading.Timer(SETTLED.total_seconds(), self._changed).start()

    def _note_stopped(self, identity: str) -> None:
        """With the lock held: the host's container is here, and nothing runs in it."""
        known = self._standing[identity]
        self._standing[identity] = Standing(network=known.network, pid=None)
        self._running.pop(identity, None)
        self._guarded.pop(identity, None)

    def _report(self, identity: str, report: Callable[[str, str], None]) -> None:
        with self._lock:
            host = next((h for h in self._landscape.hosts if h.id == identity), None)
        if host is not None and host.condition is not Condition.GONE:
            report(host.region, identity)
        self._changed()
