"""Clears away what a killed update of a stack left, so that the next makes nothing a second time.

The one sequence that was seen to work (pulumi 3.259): see that the lock's owner is dead, end what
outlived it, take the lock away, write what it was making into the state under its live id, and let
a refresh correct the rest. `pulumi cancel` and `up` alone make a second one of everything that was
being made. Refuses while the owner lives, and where it cannot know that.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pulumi.automation import Deployment, Stack

from drkit import processes
from drkit.adapters.adoption import Cloud, Pending
from drkit.adapters.cloud import client, said_by_cloud
from drkit.adapters.pulumi_locks import Lock, read_locks
from drkit.adapters.pulumi_workspace import MARK, Backend, Opened
from drkit.errors import EffectUnknown, StepError
from drkit.ports import Context, Progress, World

_SETTLED = timedelta(seconds=5)
"""A call that the killed update had sent may still be at work, and a list may lag behind it."""
_FENCED = timedelta(seconds=10)
"""A machine that a run was taken from has ended what it did by then: it looks every 5 s."""


@dataclass(frozen=True, slots=True)
class Stale:
    """A stack that was there before, and its state (secrets in the clear)."""

    opened: Opened
    stack: Stack
    region: str
    exported: Deployment


def clear(
    stale: Stale,
    backend: Backend,
    context: Context,
    tell: Progress,
    *,
    forsaken: list[str] | None = None,
) -> Deployment:
    """Clear away what a killed update left, if there was one; the stack's state as it is then.

    Raises StepError while an update is at work, or may be; EffectUnknown for a resource that cannot
    be looked for. Nothing is changed then. With ``forsaken``, which gets what is to be said of such
    a resource, it is left out of the state instead: for a stack that is about to be destroyed.
    """
    locks = dead_locks(stale.opened, stale.stack.name, backend, context)
    if not locks and not (stale.exported.deployment or {}).get("pending_operations"):
        return stale.exported
    tell("an earlier update was killed: looking for what it had begun")
    _end_survivors(stale.opened)
    # once more: now nobody writes it, and before somebody may have
    exported = stale.stack.export_stack()
    # Any: the document is Pulumi's, of version 3; only what is named here is read
    document: dict[str, Any] = dict(exported.deployment or {})
    cloud_in = clouds(context.world, stale.region)
    adopted = list(_adopted(document, cloud_in, tell, forsaken))
    if locks:
        stale.stack.cancel()
    if not document.get("pending_operations"):
        return exported
    document["resources"] = [*(document.get("resources") or []), *adopted]
    document["pending_operations"] = []
    mended = Deployment(version=exported.version, deployment=document)
    stale.stack.import_stack(mended)
    return mended


def clouds(world: World, own: str) -> Callable[[str], Cloud]:
    """The cloud in a region; in the stack's ``own`` where none is named."""
    return lambda region: Cloud(lambda service: client(world, service, region or own))


def dead_locks(opened: Opened, stack: str, backend: Backend, context: Context) -> list[Lock]:
    """The locks that killed updates left. Raises StepError while one is at work, or may be."""
    locks = read_locks(
        backend.url,
        lambda: client(context.world, "s3", context.plan.outside.region),
        project=opened.project,
        stack=stack,
    )
    for lock in locks:
        _must_be_gone(lock, opened.project, context.lost)
    return locks


def let_settle(opened: Opened) -> None:
    """End what outlived a killed update here, and wait until what it sent has arrived."""
    _end_survivors(opened)
    time.sleep(_SETTLED.total_seconds())


def _end_survivors(opened: Opened) -> None:
    """End what outlived a killed update of this very stack of this world: a plug-in looks for its
    engine every few minutes only.
    """
    processes.end_processes(processes.with_environment(MARK, opened.mark))


def _must_be_gone(lock: Lock, stack: str, lost: tuple[str, ...]) -> None:
    """Raise StepError while the owner of ``lock`` lives, or may live."""
    remedy = "wait until that has ended"
    if lock.host == socket.gethostname():
        if not lock.lives():
            return
    elif lock.host in lost:
        time.sleep(_FENCED.total_seconds())
        return
    else:
        remedy += (
            "; if that machine is lost, take its run over (`drkit takeover`), or follow “A stack "
            "killed in mid-update” in docs/reference/stacks.md"
        )
    raise StepError(f"{stack} is being updated by {lock.owner}", remedy=remedy)


def _adopted(
    document: Mapping[str, Any],
    cloud_in: Callable[[str], Cloud],
    tell: Progress,
    forsaken: list[str] | None,
) -> Iterator[dict[str, Any]]:
    """What was being made and is there, as entries of the state; a refresh corrects the rest."""
    known: dict[str, list[str]] = {}
    for entry in document.get("resources") or []:
        known.setdefault(entry["urn"], []).append(entry.get("id", ""))
    pending_operations = document.get("pending_operations") or []
    sought = [op["resource"] for op in pending_operations if op["type"] == "creating"]
    for last in (False, True):
        missing = []
        for entry in sought:
            pending = Pending(urn=entry["urn"], type=entry["type"], inputs=entry.get("inputs", {}))
            # a resource of the stack may lie in another region than the stack's own
            cloud = cloud_in(pending.inputs.get("region", ""))
            try:
                live = find_live(cloud, pending, known.get(pending.urn, ()))
            except EffectUnknown as error:
                if forsaken is None:
                    raise
                forsaken.append(str(error))
                continue
            if live is None:
                missing.append(entry)
            else:
                tell(f"adopts {pending.name}, which the killed update had made: {live}")
                yield {**entry, "id": live, "outputs": entry.get("inputs", {})}
        sought = missing
        if not last and sought:
            time.sleep(_SETTLED.total_seconds())


def find_live(cloud: Cloud, pending: Pending, known: Sequence[str]) -> str | None:
    """As :meth:`Cloud.find`. Raises StepError where the cloud does not answer."""
    try:
        return cloud.find(pending, known)
    except said_by_cloud() as error:
        raise StepError(
            f"the cloud does not say whether {pending.name} is there: {error}",
            task=pending.name,
            remedy="nothing was changed; run the same command again once its API answers",
        ) from error
