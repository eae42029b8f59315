"""The state of a stack and its copies in a second place: the backup bucket, ``stacks/``.

A copy is the object as Pulumi wrote it: its secrets are encrypted by the stack's own passphrase. It
is named after the moment the state was written (by the clock of the store) and its digest, and is
never written over. Refuses to copy a state that is damaged, in mid-update, or was itself brought
back and not yet compared with the cloud: so no bad state takes the place of a good copy.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from drkit.adapters.outside_store import OutsideStore, Stored
from drkit.adapters.stored_states import (
    ENDINGS,
    Damaged,
    StoredState,
    pending_in,
    read_stored,
)
from drkit.errors import ConfigurationError, StepError
from drkit.model.plan import Plan
from drkit.ports import World

_V = TypeVar("_V")
PREFIX = "stacks/"
KEPT = 10
"""Copies of a stack; older ones are removed."""
MARK = "drkit"
"""Key in a state that was brought back. Pulumi leaves out what it does not know when it next writes
the state, which it may only do once that was compared with the cloud."""
_PATIENCE = timedelta(seconds=3)
"""How long a bucket may take to answer, twice at most: no step is to wait long for a copy."""
_TIME = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """The state where Pulumi keeps it."""

    key: str
    stored: Stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A copy that can be brought back."""

    name: str
    body: bytes

    @property
    def moment(self) -> datetime:
        """When the state was written that it is a copy of."""
        return datetime.strptime(self.name.partition("-")[0], _TIME).replace(tzinfo=UTC)


class StateCopies:
    """The state of one Pulumi stack, and its copies."""

    def __init__(self, world: World, plan: Plan, *, project: str, stack: str) -> None:
        self._first = OutsideStore(world, plan, answer=_PATIENCE)
        self._second = OutsideStore(world, plan, bucket=plan.outside.backups, answer=_PATIENCE)
        self.project = project
        self.stack = stack

    @property
    def place(self) -> str:
        """Where the copies are, for a person."""
        return f"s3://{self._second.bucket}/{self._folder}"

    def original(self) -> Original | None:
        """The state as it stands; None: there is none. Raises StepError."""
        for ending in ENDINGS:
            key = self._key(ending)
            if (stored := _asked(self._first.read, key)) is not None:
                return Original(key=key, stored=stored)
        return None

    def read(self, body: bytes) -> dict[str, Any]:
        """A state as a document. Raises Damaged."""
        return read_stored(body, project=self.project, stack=self.stack)

    def newest(self) -> Copy | None:
        """The newest copy that is good; None: there is none. Raises StepError if nobody can say."""
        for name in reversed(_asked(self._names)):
            stored = _asked(self._second.read, self._folder + name)
            if stored is not None and self._is_good(name, stored.body):
                return Copy(name=name, body=stored.body)
        return None

    def keep(self) -> None:
        """Copy the state as it stands. Raises ConfigurationError, StepError: what was to be kept
        is as it was, and so are the copies.
        """
        original = self.original()
        if original is None or not self._is_whole(original.stored.body):
            return
        body, written = original.stored.body, original.stored.written
        ending = original.key.partition(self.stack)[2]
        name = f"{written.astimezone(UTC):{_TIME}}-{_digest(body)}{ending}"
        # where it is there already, nothing has changed since
        if self._second.put(self._folder + name, body) is not None:
            for old in self._names()[:-KEPT]:
                self._second.remove(self._folder + old)

    def set_aside(self, original: Original) -> str:
        """Keep a damaged state for a person to look at; says where. Raises StepError."""
        body = original.stored.body
        key = f"{self._folder}damaged/{original.stored.written:{_TIME}}-{_digest(body)}"
        _asked(self._second.put, key, body)
        return f"s3://{self._second.bucket}/{key}"

    def write(self, document: Mapping[str, Any], *, over: Original | None, key: str = "") -> None:
        """Put a state where Pulumi keeps it: ``over`` this very one, or as ``key`` where none is.

        Raises StepError, also where somebody else was faster; nothing is changed then.
        """
        # plain also where the name says packed: Pulumi looks at the first bytes
        body = json.dumps(document).encode()
        tag = over.stored.tag if over else ""
        at = over.key if over else key
        if _asked(lambda: self._first.put(at, body, replacing=tag)) is None:
            raise StepError(
                f"the state of stack {self.project} was written by somebody else at this moment",
                remedy="see that nobody else updates it, then run the same command again",
                transient=True,
            )

    def key_of(self, copy: Copy) -> str:
        """Where the state was that this is a copy of."""
        return self._key(next(each for each in ENDINGS if copy.name.endswith(each)))

    def _key(self, ending: str) -> str:
        return StoredState(project=self.project, stack=self.stack, ending=ending).key

    @property
    def _folder(self) -> str:
        return f"{PREFIX}{self.project}/{self.stack}/"

    def _names(self) -> list[str]:
        """Of the copies, oldest first."""
        if not self._second.is_there():
            return []  # `drkit prepare` has not made it yet
        return [name for name in self._second.names(self._folder) if not name.endswith("/")]

    def _is_good(self, name: str, body: bytes) -> bool:
        return _digest(body) in name and self._is_whole(body)

    def _is_whole(self, body: bytes) -> bool:
        try:
            document = self.read(body)
        except Damaged:
            return False
        return MARK not in document and not pending_in(document)


def stacks_with_copies(world: World, plan: Plan) -> Iterator[str]:
    """Names of the Pulumi stacks that the second place knows. Raises ConfigurationError."""
    store = OutsideStore(world, plan, bucket=plan.outside.backups)
    if store.is_there():
        for project in store.names(PREFIX):
            yield from (name.rstrip("/") for name in store.names(f"{PREFIX}{project}"))


def _asked(call: Callable[..., _V], *given: object) -> _V:
    """What a bucket answers. Raises StepError where it does not; the next time it may."""
    try:
        return call(*given)
    except ConfigurationError as error:
        raise StepError(str(error), remedy=error.remedy, transient=True) from error


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:16]
