"""What is kept of a validation's copy, forgotten once nothing of it is there: one a night would
make every look at a site longer by three states and a word.

Its number is given to nobody else: the highest that was used stays outside. The buckets keep older
versions, and the run's journal says what was built and taken away.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping

from drkit.adapters.left_generations import forget_passing
from drkit.adapters.outside_store import OutsideStore
from drkit.adapters.state_copies import PREFIX
from drkit.adapters.tagged import leaks
from drkit.errors import ConfigurationError
from drkit.model.plan import Plan
from drkit.model.record import Target
from drkit.ports import World

_LOG = logging.getLogger(__name__)
_PULUMI = ".pulumi"
_FILES = (".json", ".json.bak", ".json.gz", ".json.gz.bak", ".json.attrs")
"""Endings of what Pulumi 3.259 writes beside each other for a stack."""
_FOLDERS = ("history", "backups")


def highest_validated(store: OutsideStore, region: str) -> int:
    """The number of the newest copy of ``region`` that was forgotten; 0: none was. Raises
    ConfigurationError.
    """
    return _highest(store, region)[0]


def _highest(store: OutsideStore, region: str) -> tuple[int, str]:
    """With the tag of the object that says it; empty where there is none."""
    stored = store.read(_key(region))
    if stored is None:
        return 0, ""
    try:
        return int(json.loads(stored.body)["highest"]), stored.tag
    except (ValueError, LookupError, TypeError) as error:
        raise ConfigurationError(
            f"{_key(region)} in the bucket outside names no number: {error!r}",
            remedy="bring back an older version of the object: the bucket keeps them",
        ) from error


def forgotten_if_gone(
    world: World, plan: Plan, target: Target, stays: Mapping[str, str]
) -> Mapping[str, str]:
    """All that is still there of a copy whose stacks were destroyed but for ``stays``: these, and
    what the cloud lists by its tags. Where nothing is, it is forgotten; that fails nobody.
    """
    there = {**stays, **leaks(world, target)}
    if not there:
        try:
            forget_copy(world, plan, target)
        except ConfigurationError as error:
            _LOG.warning("%s is not forgotten yet: %s", target.name, error)
    return there


def forget_copy(world: World, plan: Plan, target: Target) -> None:
    """Forget the copy ``target``, of which nothing is there any more. Its word goes last: who dies
    before that finds it, and forgets the rest. Raises ConfigurationError.
    """
    store = OutsideStore(world, plan)
    highest, tag = _highest(store, target.region)
    if target.generation > highest:
        body = json.dumps({"highest": target.generation}).encode()
        if store.put(_key(target.region), body, replacing=tag) is None:
            raise ConfigurationError(
                f"somebody else has written {_key(target.region)} at this very moment",
                remedy="the next validation, or `drkit reap --expired`, does it again",
            )
    for key in _kept_by_pulumi(store, target.name):
        store.remove(key)
    copies = OutsideStore(world, plan, bucket=plan.outside.backups)
    for key in _below(copies, PREFIX, target.name):
        copies.remove(key)
    forget_passing(store, target)


def _kept_by_pulumi(store: OutsideStore, stack: str) -> Iterator[str]:
    place = f"{_PULUMI}/stacks/"
    for project in store.names(place):
        for name in store.names(place + project):
            if name in {f"{stack}{ending}" for ending in _FILES}:
                yield f"{place}{project}{name}"
    for folder in _FOLDERS:
        yield from _below(store, f"{_PULUMI}/{folder}/", stack)


def _below(store: OutsideStore, place: str, stack: str) -> Iterator[str]:
    """The objects of ``stack``, in the folder of its name of each project at ``place``."""
    for project in store.names(place):
        folder = f"{place}{project}{stack}/"
        yield from (folder + name for name in store.names(folder) if not name.endswith("/"))


def _key(region: str) -> str:
    return f"validated/{region}.json"
