"""The lease of a site: who works on it, from where, since when, and the last sign of life.

An object outside, one per region: ``{"region", "run", "operator", "place", "token", "since",
"released", "asked", "reason", "head"}``, written only by conditional PUT: of two that want it one
wins, and whoever lost it finds out with the next sign of life. The age of a sign of life is told by
the clock of the store alone (its Date less the object's Last-Modified): no laptop's clock counts.

A place is one folder on one machine. Within it the kernel's lock decides, so that a drkit that was
killed can be followed at once; between places only :func:`take_over` moves a lease, by a person.
"""

from __future__ import annotations

import json
import socket
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from drkit.adapters.codec import to_json
from drkit.adapters.heads import SignedHead
from drkit.adapters.outside_store import OutsideStore, value_of
from drkit.adapters.private import private_folder
from drkit.errors import RunBusy

EVERY = timedelta(seconds=5)
"""Between two signs of life; also how long an abort from afar takes to arrive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who has a lease, as its object says."""

    region: str
    operator: str
    place: str
    token: str
    """Of one process; a new one for each command."""
    since: datetime
    run: str = ""
    """Empty until the command has chosen its run."""
    released: bool = False
    asked: str = ""
    """What somebody elsewhere asked of the holder: ``abort`` (see ``drkit abort``), or nothing."""
    reason: str = ""
    """Why it was taken from somebody else; empty if it was free."""
    head: SignedHead | None = None
    """How far the journal outside has come, at least: of this run, or, until it has recorded
    something, of the one before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A lease as it was found, with what is needed to replace exactly this one."""

    holder: Holder
    tag: str
    age: timedelta
    """Since the last sign of life, by the clock of the store."""


def place_of(plan_root: Path) -> str:
    """The name of this folder on this machine: the same for as long as both are. The machine's
    name stands in it, so that a copied folder is another place.
    """
    private_folder(plan_root / ".drkit")
    path = plan_root / ".drkit" / "place"
    if not path.exists():
        path.write_text(uuid.uuid4().hex[:12])
    return f"{socket.gethostname()}:{path.read_text().strip()}"


def read_lease(store: OutsideStore, region: str) -> Found | None:
    """The lease of ``region``; None where nobody ever had one. Raises ConfigurationError where the
    outside location does not answer, or holds something else under that name.
    """
    stored = store.read(_key(region))
    if stored is None:
        return None
    holder = value_of(stored, Holder, said=f"{_key(region)} in the bucket outside is no lease")
    return Found(holder=holder, tag=stored.tag, age=stored.age)


def holder_here(plan_root: Path, *, region: str, operator: str, **more: str) -> Holder:
    """A holder that is this process; ``more`` is its run, and why it takes the lease."""
    return Holder(
        region=region,
        operator=operator,
        place=place_of(plan_root),
        token=uuid.uuid4().hex,
        since=datetime.now(UTC),
        **more,  # type: ignore[arg-type]
    )


class Lease:
    """A lease that this process has. Not for threads: one keeps it (:mod:`drkit.adapters.held`)."""

    def __init__(self, store: OutsideStore, holder: Holder, tag: str) -> None:
        self._store = store
        self._tag = tag
        self.holder = holder

    def renew(self, **changes: Any) -> bool:
        """A sign of life, with ``changes``. False: somebody else has the lease now, and
        :attr:`holder` says who. Raises ConfigurationError where the store does not answer: the
        lease is then neither kept nor lost.
        """
        wanted = replace(self.holder, **changes)
        while (tag := _put(self._store, wanted, tag=self._tag)) is None:
            found = read_lease(self._store, wanted.region)
            if found is None:
                self._tag = ""
            elif found.holder.token != wanted.token:
                self.holder = found.holder
                return False
            else:  # a put whose answer was lost, or somebody asked something of us
                self._tag = found.tag
                wanted = replace(wanted, asked=found.holder.asked)
        self.holder, self._tag = wanted, tag
        return True


def free_for(store: OutsideStore, region: str, place: str) -> Found | None:
    """The lease as it stands, if ``place`` may have it: it was given back, or was this place's.

    Raises RunBusy.
    """
    found = read_lease(store, region)
    if found and not found.holder.released and found.holder.place != place:
        raise busy(found)
    return found


def take(store: OutsideStore, me: Holder, free: Found | None) -> Lease:
    """Have a lease that was seen to be ``free``. Raises RunBusy if it has moved since."""
    me = replace(me, head=free.holder.head if free else None)
    tag = _put(store, me, tag=free.tag if free else "")
    if tag is not None:
        return Lease(store, me, tag)
    found = free_for(store, me.region, me.place)
    if found is not None and found.holder.token == me.token:
        # nobody was faster: the put was sent again by itself because its answer was lost
        return Lease(store, me, found.tag)
    raise RunBusy(
        f"somebody else has worked on {me.region} at this very moment",
        remedy="run the command again: it looks at what is there now",
    )


def busy(found: Found) -> RunBusy:
    """What somebody is told who wants a site that another place works on."""
    holder = found.holder
    run = holder.run or f"{holder.region} (its run is not chosen yet)"
    name, seconds = holder.run or holder.region, int(found.age.total_seconds())
    return RunBusy(
        f"{holder.operator} works on {run} from {holder.place.partition(':')[0]} since"
        f" {holder.since:%Y-%m-%d %H:%M:%S} UTC; last sign of life {seconds} s ago"
        f" (due every {int(EVERY.total_seconds())} s)",
        remedy=f"if that drkit is gone: `drkit takeover {name} --reason WHY`",
    )


def take_over(store: OutsideStore, found: Found, me: Holder) -> Lease:
    """Move a lease to this place: the one that was ``found``, also if its holder has just given a
    sign of life. Raises RunBusy if it is somebody else's by now.
    """
    me = replace(me, head=found.holder.head)
    tag = _in_place_of(store, found, lambda _: me)
    if tag is not None:
        return Lease(store, me, tag)
    again = read_lease(store, found.holder.region)
    raise RunBusy(
        f"the lease of {found.holder.region} has moved to"
        f" {again.holder.operator if again else 'nobody'} meanwhile",
        remedy="look who has it: `drkit status`",
    )


def ask_of(store: OutsideStore, found: Found, wish: str) -> bool:
    """Ask something of the holder; False if the lease moved to somebody else meanwhile."""
    return _in_place_of(store, found, lambda holder: replace(holder, asked=wish)) is not None


def _in_place_of(
    store: OutsideStore, found: Found, wanted: Callable[[Holder], Holder]
) -> str | None:
    """Write over the lease that was ``found``, also if its holder has just given a sign of life.

    The new tag; None if it is somebody else's by now.
    """
    token = found.holder.token
    while (tag := _put(store, wanted(found.holder), tag=found.tag)) is None:
        again = read_lease(store, found.holder.region)
        if again is None or again.holder.token != token:
            return None
        found = again
    return tag


def _key(region: str) -> str:
    return f"leases/{region}.json"


def _put(store: OutsideStore, holder: Holder, *, tag: str) -> str | None:
    body = json.dumps(to_json(holder), indent=1).encode()
    return store.put(_key(holder.region), body, replacing=tag)
