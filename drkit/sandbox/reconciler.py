"""Makes this machine follow the API: one thread that is woken by every call that changes EC2.

Invariant: rules are in force before a way exists. The firewall (and the chain of lost regions)
knows a host's addresses before its container starts. The loop is idempotent: it compares what
the API says with what is here, and a look that changes nothing costs a few milliseconds.

Nothing ends the loop, and one change that cannot be made holds up no other: it is logged and tried
again at the next look.
"""

from __future__ import annotations

import logging
import threading
import time

from drkit.sandbox import addresses, changes, firewall, ground, networks, observed
from drkit.sandbox.changes import (
    Change,
    Ground,
    MakeNetwork,
    RemoveHost,
    RemoveNetwork,
    ResumeHost,
    Standing,
    StartHost,
    StopHost,
    subject,
)
from drkit.sandbox.fleet import Bridge, Fleet
from drkit.sandbox.landscape import Landscape, Network
from drkit.sandbox.lost import Dropped, Losses

AGAIN = 5.0
"""Seconds after which the loop looks without being woken, so that what failed is tried again."""

log = logging.getLogger(__name__)


class Reconciler:
    def __init__(self, *, fleet: Fleet, losses: Losses, woken: threading.Event) -> None:
        self._fleet = fleet
        self._losses = losses
        self._woken = woken
        self._lock = threading.Lock()
        self._landscape = Landscape()
        self._bridges: dict[str, Bridge] = {}
        self._rules = ""

    def begin(self) -> None:
        """Enter the firewall and start to follow."""
        firewall.enter()
        self._fleet.begin()
        threading.Thread(target=self._run, name="reconciler", daemon=True).start()

    @property
    def landscape(self) -> Landscape:
        """What the API said when the loop last looked."""
        return self._landscape

    def standing(self) -> dict[str, Standing]:
        """The containers that are here, by instance."""
        return self._fleet.standing()

    def lose(self, region: str) -> None:
        """Take a region away; in force when this returns. Raises UsageError."""
        with self._lock:
            self._losses.lose(region)

    def restore(self, region: str) -> None:
        """Give a region back; in force when this returns. Raises UsageError."""
        with self._lock:
            self._losses.restore(region)

    def dropped(self) -> dict[str, Dropped]:
        """Region → packets tried toward it in its present or last loss."""
        with self._lock:
            return {d.region: self._losses.dropped(d.region) for d in addresses.DOORS}

    def _run(self) -> None:
        while True:
            self._woken.wait(timeout=AGAIN)
            self._woken.clear()
            started = time.monotonic()
            try:
                self._reconcile()
            except Exception:
                # moto's tables may change while they are read; the next look sees them whole. A
                # thread that ended here would follow nothing any more.
                log.exception("could not follow the API; trying again")
            log.debug("looked for %.3f s", time.monotonic() - started)

    def _reconcile(self) -> None:
        landscape = observed.landscape()
        for change in self._changes(landscape):
            if isinstance(change, MakeNetwork):
                self._attempt(change)
        with self._lock:
            self._landscape = landscape
            self._losses.follow(landscape)
            self._apply(landscape)
        for change in self._changes(landscape):
            if not isinstance(change, MakeNetwork):
                self._attempt(change)
        self._fleet.guard(landscape)
        self._fleet.look_after_stopped()

    def _changes(self, landscape: Landscape) -> list[Change]:
        here = Ground(
            networks=frozenset(self._bridges),
            containers=self._fleet.standing(),
            busy=self._fleet.busy(),
        )
        return list(changes.changes(landscape, here))

    def _attempt(self, change: Change) -> None:
        try:
            self._carry_out(change)
        except Exception:
            log.exception("%s of %s failed; trying again", type(change).__name__, subject(change))

    def _make(self, network: Network) -> None:
        interface = networks.make(network)
        self._bridges[network.id] = Bridge(interface=interface, gateway=network.gateway)

    def _apply(self, landscape: Landscape) -> None:
        bridges = {identity: bridge.interface for identity, bridge in self._bridges.items()}
        text = firewall.rules(landscape, bridges)
        if text != self._rules:
            firewall.apply(text)
            self._rules = text
        ground.route_elastic(
            frozenset(
                host.public
                for host in landscape.running()
                if host.public and host.network in bridges
            )
        )

    def _carry_out(self, change: Change) -> None:
        match change:
            case StartHost(host=host):
                self._fleet.start(host, self._bridges[host.network])
            case ResumeHost(host=host):
                self._fleet.resume(host, self._bridges[host.network])
            case StopHost(id=identity):
                self._fleet.stop(identity)
            case RemoveHost(id=identity):
                self._fleet.remove(identity)
            case RemoveNetwork(id=identity):
                networks.remove(identity)
                del self._bridges[identity]
            case MakeNetwork(network=network):
                self._make(network)
