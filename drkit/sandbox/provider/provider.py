"""Decides what each request of the Pulumi engine means for a type of the table.

Speaks in plain values: the protocol is server.py's. Refuses a type or look-up that is not in the
table, by its name.
"""

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from drkit.sandbox.provider import schema
from drkit.sandbox.provider.api import Cloud, Region
from drkit.sandbox.provider.checking import Problem, coerced, named, problems, uncovered
from drkit.sandbox.provider.configuration import Settings, read_settings
from drkit.sandbox.provider.diff import Difference, differences, refreshed_inputs, unknown_outputs
from drkit.sandbox.provider.errors import GoneError, ProviderError, UnknownTypeError
from drkit.sandbox.provider.lifecycle import Lifecycle, Made
from drkit.sandbox.provider.lookups import LOOKUPS
from drkit.sandbox.provider.resource_type import Resource, ResourceType
from drkit.sandbox.provider.site import read_sandbox
from drkit.sandbox.provider.types import TYPES
from drkit.sandbox.provider.wire import Properties, has_unknown


@dataclass(frozen=True, slots=True)
class Checked:
    """The inputs as they will be used, or what is wrong with them."""

    inputs: Properties
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A resource as it was found: its properties, and the inputs that would give them."""

    id: str
    properties: Properties
    inputs: Properties


def type_of(urn: str) -> ResourceType:
    """The row of the table for a resource; raises UnknownTypeError with the type's name."""
    token = urn.split("::")[2].rpartition("$")[2]
    if token in TYPES:
        return TYPES[token]
    schema.of_resource(token)  # says so if not even the SDK has it
    close = get_close_matches(token, TYPES, n=1)
    hint = f" (it has {close[0]})" if close else ""
    raise UnknownTypeError(f"the sandbox has no resource type {token}{hint}")


class Provider:
    """The provider of one engine: configured once, then asked from many threads."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self._lifecycle = Lifecycle(self.stop)
        self._settings: Settings | None = None
        self._cloud: Cloud | None = None

    def configure(self, given: Properties) -> None:
        """Takes the provider's settings; raises ProviderError."""
        sandbox = read_sandbox()
        self._settings = read_settings(given, sandbox)
        if self._settings is not None:
            self._cloud = Cloud(sandbox, self._settings.credentials)

    def _region(self, service: str, properties: Properties) -> Region:
        if self._cloud is None or self._settings is None:
            raise ProviderError("the provider's settings are not known yet")
        name = properties.get("region") or self._settings.region
        return Region(cloud=self._cloud, name=name, service=service)

    def check(self, urn: str, *, old: Properties, new: Properties, seed: bytes) -> Checked:
        """The inputs completed and checked."""
        type_ = type_of(urn)
        fields = schema.of_resource(type_.pulumi_type).inputs
        inputs = {name: value for name, value in new.items() if value is not None}
        if type_.naming:
            inputs = named(type_.naming, urn.rpartition("::")[2], old=old, new=inputs, seed=seed)
        found = [*problems(fields, inputs)]
        found += [
            Problem(name, f"missing required property {name!r}")
            for name in type_.required
            if inputs.get(name) is None
        ]
        inputs = {
            name: coerced(fields[name].shape, value) if name in fields else value
            for name, value in inputs.items()
        }
        if self._settings is not None:
            if "region" in fields and not has_unknown(inputs.get("region")):
                inputs = {"region": self._settings.region, **inputs}
            if type_.tagging and not has_unknown(inputs.get("tags")):
                inputs = _with_tags(inputs, self._settings.tags)
            region = self._region(type_.service, {**inputs, "region": self._settings.region})
            known = {name: value for name, value in inputs.items() if name in fields}
            found += uncovered(type_, region, known) if not found else ()
        return Checked(inputs, tuple(found))

    def diff(self, urn: str, *, old: Properties, new: Properties) -> tuple[Difference, ...]:
        """The changes between two sets of inputs."""
        return differences(type_of(urn), old, new)

    def deleted_first(self, urn: str, *, new: Properties) -> bool:
        """Whether the old one must go before its replacement comes.

        So where the type says it, and where the program gives a fixed name that both would have.
        """
        type_ = type_of(urn)
        naming = type_.naming
        if type_.delete_before_replace or naming is None or new.get(naming.prefix or ""):
            return type_.delete_before_replace
        made = re.fullmatch(r".*-[0-9a-f]{7}", str(new.get(naming.property)))
        return made is None

    def create(self, urn: str, inputs: Properties, *, preview: bool) -> Made:
        """Makes the resource; in a preview says what is known of it."""
        type_ = type_of(urn)
        if preview:
            return Made("", unknown_outputs(schema.of_resource(type_.pulumi_type), inputs))
        return self._lifecycle.create(self._resource(urn, "", inputs))

    def update(
        self, urn: str, resource_id: str, *, old: Properties, new: Properties, state: Properties
    ) -> Properties:
        """Changes the resource in place; `old` are its last inputs, `state` its last properties."""
        type_ = type_of(urn)
        changed = frozenset(each.name for each in differences(type_, old, new))
        return self._lifecycle.update(self._resource(urn, resource_id, new, state), old, changed)

    def read(
        self, urn: str, resource_id: str, *, state: Properties, inputs: Properties
    ) -> Found | None:
        """The live resource, or None if it is gone."""
        type_ = type_of(urn)
        try:
            live = self._lifecycle.read(self._resource(urn, resource_id, inputs, state))
        except GoneError:
            return None
        fields = schema.of_resource(type_.pulumi_type)
        return Found(resource_id, live, refreshed_inputs(type_, fields, inputs, live))

    def delete(self, urn: str, resource_id: str, state: Properties) -> None:
        """Removes the resource."""
        self._lifecycle.delete(self._resource(urn, resource_id, {}, state))

    def _resource(
        self, urn: str, resource_id: str, inputs: Properties, state: Properties | None = None
    ) -> Resource:
        type_ = type_of(urn)
        state = state or {}
        region = self._region(type_.service, state | inputs)
        return Resource(
            type=type_, region=region, urn=urn, id=resource_id, properties=inputs, state=state
        )

    def invoke(self, token: str, arguments: Properties) -> tuple[Properties, tuple[Problem, ...]]:
        """The answer of a look-up, or what is wrong with its arguments."""
        if token not in LOOKUPS:
            schema.of_function(token)
            raise UnknownTypeError(f"the sandbox has no look-up {token}")
        fields = schema.of_function(token)
        given = {name: value for name, value in arguments.items() if value is not None}
        lookup = LOOKUPS[token]
        ignored = given.keys() & fields.inputs.keys() - lookup.takes
        found = (
            *problems(fields.inputs, given),
            *(Problem(name, f"the sandbox does not cover {name!r} of {token}") for name in ignored),
        )
        if found:
            return {}, found
        region = self._region("ec2", given)
        answer = {"region": region.name, **given, **lookup.answer(region, given)}
        known = {name: value for name, value in answer.items() if name in fields.outputs}
        return known, ()


def _with_tags(inputs: Properties, default: Mapping[str, str]) -> Properties:
    """The inputs with the provider's default tags under the resource's own."""
    tags = {**default, **(inputs.get("tags") or {})}
    return {**inputs, "tags": tags} if tags else inputs
