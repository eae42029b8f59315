"""Decides what a row of the table of resource types can say: which operations make, read, change
and delete a resource, and where its odd corners are handled.

What a row does not say is derived: properties go to the API by name (mapping.py), and a property
that no update takes can only be changed by replacing the resource. Refuses nothing itself.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from drkit.sandbox.provider.api import Region
from drkit.sandbox.provider.template import Template, fill, parse
from drkit.sandbox.provider.wire import Properties, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One resource while the provider works on it: what it is called, where it is, how it is.

    `properties` are its inputs; `state` is how it was last known, {} for a new one.
    """

    type: "ResourceType"
    region: Region
    urn: str
    properties: Properties
    id: str = ""
    state: Properties = field(default_factory=dict)

    @property
    def values(self) -> Properties:
        """What `{name}` in a template stands for."""
        from_id = parse(self.type.id, self.id) if "{" in self.type.id else {}
        own = {"id": self.id, "account": self.region.account, "region": self.region.name}
        return from_id | self.state | self.properties | own

    def call(self, operation: str, **parameters: Any) -> Properties:
        """The API's answer of the type's service."""
        return self.region.call(operation, parameters)

    def do(self, call: "Do") -> Properties:
        """The API's answer to a call of the table."""
        return self.region.call(call.operation, fill(call.parameters, self.values))


@dataclass(frozen=True, slots=True)
class Do:
    """An operation, and its parameters as a template."""

    operation: str
    parameters: Template


@dataclass(frozen=True, slots=True)
class Look:
    """A reading operation, and where in its answer the resource is (JMESPath).

    `outputs` names properties that are found elsewhere than their names say (JMESPath, from there).
    """

    operation: str
    parameters: Template
    at: str
    outputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Update:
    """An operation that changes some properties in place; their values go to it by name.

    `each`: the operation takes one property a call, as EC2's Modify…Attribute do.
    """

    operation: str
    parameters: Template
    properties: tuple[str, ...]
    each: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tagging:
    """How a service keeps tags. Templates know `{tags}` (key and value each), `{keys}`
    and `{unset}` (the keys as tags without a value).

    `inline` goes into the create call. `read` is the tags' own look-up where reading the resource
    does not show them. `whole`: `add` takes all tags, and `remove` is for when none is left.
    """

    add: Do
    remove: Do
    inline: Mapping[str, Template] | None = None
    read: Look | None = None
    at: str = "Tags"
    names: tuple[str, str] = ("Key", "Value")
    whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """Which property is named after the resource when the program gives no name."""

    property: str
    prefix: str | None = None
    longest: int = 255
    lower: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class States:
    """Where a resource says its state (JMESPath), which one is ready and which mean it is gone."""

    at: str
    ready: tuple[str, ...]
    gone: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()


Prepare: TypeAlias = Callable[[Resource, Properties], Properties]
Act: TypeAlias = Callable[[Resource], None]
Change: TypeAlias = Callable[[Resource, Properties, frozenset[str]], None]
Add: TypeAlias = Callable[[Resource, Properties], Properties]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """What a table cannot say. `takes` are the properties that only the hooks care for (they go
    into no call by name), `changes` those that `changed` can change in place.

    `prepare` may change the parameters of the create call (it returns them). `created` runs after
    it and `changed` at an update, given the old properties and the changed names: both may run
    twice. `read` adds properties to those of the answer; `deleting` runs before the delete call.
    """

    takes: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    prepare: Prepare | None = None
    created: Act | None = None
    changed: Change | None = None
    read: Add | None = None
    deleting: Act | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceType:
    """One row of the table.

    `pulumi_type` is Pulumi's token of the type.
    `id` is a JMESPath into the answer of `create`, or with braces a template of properties.
    `upsert`: `create` also updates. `in_place`: properties that only matter here and may change.
    `defaults` are what AWS takes for a property not given, `computed` what it chooses itself.
    `inside` is the member of the create call's parameters that the properties belong into, `fixed`
    are parameters beside them, `strip` what the API puts before an id. `once` are properties that
    only the create call's answer has (JMESPath). `outputs` are templates of further properties.
    `sets` are lists whose order says nothing; `replace_if` names a property that turns the change
    of another into a replacement. `required`: what the API wants though the SDK does not.
    """

    pulumi_type: str
    service: str
    create: str
    id: str
    read: Look
    delete: Do | None
    also: tuple[Look, ...] = ()
    updates: tuple[Update, ...] = ()
    upsert: bool = False
    in_place: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    defaults: Mapping[str, Value] = field(default_factory=dict)
    computed: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()
    replace_if: Mapping[str, str] = field(default_factory=dict)
    delete_before_replace: bool = False
    renames: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, Template] = field(default_factory=dict)
    fixed: Mapping[str, Template] = field(default_factory=dict)
    inside: str | None = None
    strip: str = ""
    once: Mapping[str, str] = field(default_factory=dict)
    tagging: Tagging | None = None
    naming: Naming | None = None
    states: States | None = None
    hooks: Hooks = Hooks()

    @property
    def name(self) -> str:
        """The short name, such as `Vpc`."""
        return self.pulumi_type.rpartition(":")[2]

    def changeable(self) -> frozenset[str]:
        """The properties that can change without replacing the resource."""
        updated = (name for update in self.updates for name in update.properties)
        return frozenset({"tags", "tagsAll", *updated, *self.hooks.changes, *self.in_place})

    def replaced_by(self, names: Iterable[str], inputs: Properties) -> frozenset[str]:
        """Those of the changed properties that force a replacement."""
        changeable = self.changeable()
        forced = {name for name, switch in self.replace_if.items() if inputs.get(switch) is True}
        if self.upsert:
            return frozenset(set(names) & (forced | self._identity()))
        return frozenset(name for name in names if name not in changeable or name in forced)

    def _identity(self) -> frozenset[str]:
        """What an upserted resource is known by: the properties in its id, and its region."""
        return frozenset({*parse(self.id, None), "region"})
