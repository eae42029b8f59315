"""Decides in which order a resource's calls are made, for every type of the table alike.

Invariant: once the create call has answered, the id is never lost: what fails after it is raised
as a PartialError that carries the id. Refuses to take an outage for absence, and to wait forever.
"""

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, TypeVar

from drkit.sandbox.provider import schema
from drkit.sandbox.provider.api import structure
from drkit.sandbox.provider.errors import ApiError, GoneError, PartialError, ProviderError
from drkit.sandbox.provider.mapping import from_answer, member_for, to_parameters
from drkit.sandbox.provider.resource_type import Do, Look, Resource, States, Update
from drkit.sandbox.provider.tagging import apply_tags, inline_tags, read_tags
from drkit.sandbox.provider.template import fill, find
from drkit.sandbox.provider.wire import Properties

_T = TypeVar("_T")

# A new resource may not be found at once (eventual consistency); a used one not be deletable yet.
_SETTLES = timedelta(seconds=15)
_READY = timedelta(minutes=5)
_PAUSE = timedelta(milliseconds=100)


@dataclass(frozen=True, slots=True)
class Made:
    """A resource as it is: its id and all of its properties."""

    id: str
    properties: Properties


class Lifecycle:
    """Creates, reads, updates and deletes; `stop` ends what waits."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop

    def create(self, resource: Resource) -> Made:
        """Makes the resource.

        Raises PartialError if it exists but could not be finished, else what the API says.
        """
        type_ = resource.type
        answer = self._write(resource)
        filled = "{" in type_.id
        found = fill(type_.id, resource.values) if filled else find(type_.id, answer)
        resource_id = found.removeprefix(type_.strip)
        once = {name: find(path, answer) for name, path in type_.once.items()}
        made = replace(resource, id=resource_id, state=once)
        try:
            self._finish(made)
            properties = self._retrying(GoneError, lambda: self.read(made))
        except ProviderError as error:
            known = once | resource.properties
            raise PartialError(error, resource_id=resource_id, properties=known) from error
        return Made(resource_id, properties)

    def _write(self, resource: Resource) -> Properties:
        """The answer to the create call, given all that the properties say to it."""
        type_ = resource.type
        operation = fill(type_.create, resource.values)
        shape = resource.region.input_shape(operation)
        complete = dict(type_.defaults) | resource.properties
        given = {name: each for name, each in complete.items() if name not in type_.hooks.takes}
        parameters = to_parameters(given, shape, type_.renames)
        if type_.inside:
            inner = structure(shape.members[type_.inside])
            parameters[type_.inside] = to_parameters(given, inner, type_.renames)
        parameters |= fill(type_.fixed, resource.values) | inline_tags(resource)
        if type_.hooks.prepare:
            parameters = type_.hooks.prepare(resource, parameters)
        return resource.call(operation, **parameters)

    def _finish(self, resource: Resource) -> None:
        """What the create call could not say: tags, attributes, the type's own steps."""
        type_ = resource.type
        if type_.tagging and type_.tagging.inline is None:
            apply_tags(resource, None)
        shape = resource.region.input_shape(fill(type_.create, resource.values))
        later = {
            name for name in resource.properties if member_for(name, shape, type_.renames) is None
        }
        self._apply(resource, type_.updates, frozenset(later))
        if type_.hooks.created:
            type_.hooks.created(resource)

    def read(self, resource: Resource) -> Properties:
        """The resource's live properties over those it is known by; raises GoneError."""
        type_ = resource.type
        item = _looked_up(resource, type_.read)
        if item is None or item == []:
            raise GoneError(f"{type_.name} {resource.id} does not exist", code="NotFound")
        if type_.states:
            item = self._settled(resource, type_.states, item)
        fields = schema.of_resource(type_.pulumi_type).outputs
        live = from_answer(item, fields, type_.renames) | _picked(item, type_.read)
        for look in type_.also:
            found = _looked_up(resource, look)
            live |= from_answer(found or {}, fields, type_.renames) | _picked(found, look)
        if type_.tagging:
            live["tags"] = read_tags(resource, item)
        known = {**resource.state, **resource.properties}
        known = {name: value for name, value in known.items() if name in fields}
        now = replace(resource, properties=known | live)
        live |= fill(type_.outputs, now.values)
        if type_.hooks.read:
            live |= type_.hooks.read(replace(now, properties=known | live), item)
        state = known | {name: _as_text(value) for name, value in live.items()}
        return state | _everywhere(resource, state, fields)

    def update(self, resource: Resource, old: Properties, changed: frozenset[str]) -> Properties:
        """Changes what can be changed in place.

        With nothing changed, an earlier try has failed half-way and everything is said again.
        """
        type_ = resource.type
        changed = changed or frozenset(resource.properties) - {"tags"}
        resource = replace(resource, properties=dict(type_.defaults) | resource.properties)
        if type_.upsert:
            self._write(resource)
        elif type_.tagging:
            apply_tags(resource, old.get("tags") or {})
        self._apply(resource, type_.updates, changed)
        if type_.hooks.changed:
            type_.hooks.changed(resource, old, changed)
        return self.read(resource)

    def _apply(
        self, resource: Resource, updates: tuple[Update, ...], changed: frozenset[str]
    ) -> None:
        for update in updates:
            names = [name for name in update.properties if name in changed]
            # One call for all takes the unchanged ones along: the API would forget them.
            groups = [[name] for name in names] if update.each else [list(update.properties)]
            for group in groups if names else []:
                shape = resource.region.input_shape(update.operation)
                given = {name: resource.properties.get(name) for name in group}
                parameters = to_parameters(given, shape, resource.type.renames)
                fixed = fill(update.parameters, resource.values)
                resource.call(update.operation, **{**parameters, **fixed})

    def delete(self, resource: Resource) -> None:
        """Removes the resource and waits until it is gone; a missing one is no error."""
        try:
            if resource.type.hooks.deleting:
                resource.type.hooks.deleting(resource)
            if resource.type.delete is not None:
                call = resource.type.delete
                self._retrying(ApiError, lambda: resource.do(call), code="DependencyViolation")
            if resource.type.states:
                self._until_gone(resource)
        except GoneError:
            return

    def _until_gone(self, resource: Resource) -> None:
        deadline = time.monotonic() + _READY.total_seconds()
        while time.monotonic() < deadline and not self._stop.is_set():
            item = _looked_up(resource, resource.type.read)
            states = resource.type.states
            if not item or (states and find(states.at, item) in states.gone):
                return
            self._stop.wait(_PAUSE.total_seconds())
        raise ProviderError(f"{resource.type.name} {resource.id} is still there after {_READY}")

    def _settled(self, resource: Resource, states: States, item: Any) -> Any:
        """The description once the resource is ready; raises GoneError, or on a failed state."""
        deadline = time.monotonic() + _READY.total_seconds()
        while True:
            state = find(states.at, item) if item else None
            name = f"{resource.type.name} {resource.id}"
            if item is None or state in states.gone:
                raise GoneError(f"{name} is {state}", code="NotFound")
            if state in states.ready:
                return item
            if state in states.failed or self._stop.is_set() or time.monotonic() > deadline:
                raise ProviderError(f"{name} is {state}, not {' or '.join(states.ready)}")
            self._stop.wait(_PAUSE.total_seconds())
            item = _looked_up(resource, resource.type.read)

    def _retrying(
        self, error: type[ApiError], act: Callable[[], _T], *, code: str | None = None
    ) -> _T:
        """What `act` returns, tried again for a while on an error (with a code, only that one)."""
        deadline = time.monotonic() + _SETTLES.total_seconds()
        while True:
            try:
                return act()
            except error as refused:
                unexpected = code is not None and refused.code != code
                if unexpected or time.monotonic() > deadline or self._stop.is_set():
                    raise
            self._stop.wait(_PAUSE.total_seconds())


def _looked_up(resource: Resource, look: Look) -> Any:
    at = fill(look.at, resource.values)
    return find(at, resource.do(Do(look.operation, look.parameters)))


def _picked(item: Any, look: Look) -> Properties:
    """The outputs that a look-up names."""
    found = {name: find(path, item) for name, path in look.outputs.items()}
    return {name: value for name, value in found.items() if value is not None}


def _as_text(value: Any) -> Any:
    """A policy document as text: botocore hands IAM's out parsed."""
    if isinstance(value, Mapping) and "Statement" in value:
        return json.dumps(value)
    return value


def _everywhere(resource: Resource, state: Properties, fields: Mapping[str, Any]) -> Properties:
    """What every resource of pulumi-aws has: its region, and all its tags."""
    shared = {"region": resource.region.name, "tagsAll": state.get("tags") or {}}
    return {name: value for name, value in shared.items() if name in fields}
