"""Decides what has changed between two sets of inputs, and what must be replaced for it.

Pure. Refuses to see a change where only the writing differs: the order of a set, a JSON document
spaced otherwise, a default written out, a value that AWS chose and the program leaves open.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from drkit.sandbox.provider.resource_type import ResourceType
from drkit.sandbox.provider.schema import Schema
from drkit.sandbox.provider.wire import UNKNOWN, Properties, Value, has_unknown


class How(StrEnum):
    """What happened to a property."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One changed property: its path (`tags.Name`), and whether it forces a replacement."""

    path: str
    how: How
    replaces: bool = False

    @property
    def name(self) -> str:
        """The top-level property."""
        return self.path.partition(".")[0].partition("[")[0]


def differences(type_: ResourceType, old: Properties, new: Properties) -> tuple[Difference, ...]:
    """Every change from the old inputs to the new ones, by path."""
    before, after = _complete(type_, old, new), _complete(type_, new, new)
    changed = sorted(
        name
        for name in before.keys() | after.keys()
        if not same(before.get(name), after.get(name), unordered=name in type_.sets)
    )
    replaced = type_.replaced_by(changed, after)
    return tuple(
        difference
        for name in changed
        for difference in _paths(name, before.get(name), after.get(name), name in replaced)
    )


def _complete(type_: ResourceType, inputs: Properties, new: Properties) -> Properties:
    """The inputs with defaults written out, without what the program leaves to AWS."""
    given = {name: value for name, value in inputs.items() if value is not None}
    left_open = {name for name in type_.computed if name not in new}
    complete = {**type_.defaults, **given}
    empty = {name for name, value in complete.items() if value in ({}, []) and name != "tags"}
    if not complete.get("tags"):
        empty = empty | {"tags"}
    return {
        name: value
        for name, value in complete.items()
        if name not in left_open and name not in empty
    }


def _paths(name: str, old: Value, new: Value, replaces: bool) -> Iterable[Difference]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted(old.keys() | new.keys()):
            if not same(old.get(key), new.get(key), unordered=False):
                inner = f"{name}.{key}" if key.isidentifier() else f'{name}["{key}"]'
                yield Difference(
                    path=inner, how=_how(old.get(key), new.get(key)), replaces=replaces
                )
        return
    yield Difference(path=name, how=_how(old, new), replaces=replaces)


def _how(old: Value, new: Value) -> How:
    if old is None:
        return How.ADDED
    return How.REMOVED if new is None else How.CHANGED


def same(old: Value, new: Value, *, unordered: bool) -> bool:
    """Whether two values mean the same; UNKNOWN means the same as nothing."""
    if has_unknown(new) or has_unknown(old):
        return False
    return _canonical(old, unordered) == _canonical(new, unordered)


def _canonical(value: Value, unordered: bool) -> str:
    if unordered and isinstance(value, list):
        return json.dumps(sorted(_canonical(item, unordered) for item in value))
    if isinstance(value, Mapping):
        present = {key: item for key, item in value.items() if item not in (None, [], "", False)}
        return json.dumps({key: _canonical(present[key], unordered) for key in sorted(present)})
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.dumps(json.loads(value), sort_keys=True)
        except ValueError:
            return json.dumps(value)
    return json.dumps(value)


def refreshed_inputs(
    type_: ResourceType, schema: Schema, inputs: Properties, live: Properties
) -> Properties:
    """The inputs as the live resource shows them: only what has drifted differs from before.

    Without inputs (an import), all live properties that a program could have written.
    """
    if not inputs:
        written = (name for name in live if name in schema.inputs and name != "tagsAll")
        return {name: live[name] for name in written if live[name] not in (None, [], {}, "")}
    refreshed = dict(inputs)
    for name, value in inputs.items():
        if name not in live or name == "tags":
            continue
        if not _covers(live[name], value, unordered=name in type_.sets):
            refreshed[name] = live[name]
    # A tag that somebody added is drift, where another key of an object is only a default.
    if "tags" in live and not same(live["tags"], inputs.get("tags") or {}, unordered=False):
        refreshed["tags"] = live["tags"]
    return refreshed


def _covers(live: Value, given: Value, *, unordered: bool) -> bool:
    """Whether the live value is what was given; AWS may know more keys of an object."""
    if isinstance(given, list) and isinstance(live, list) and len(given) == len(live):
        if not unordered:
            pairs = zip(live, given, strict=True)
            return all(_covers(one, other, unordered=False) for one, other in pairs)
        return all(any(_covers(one, other, unordered=True) for one in live) for other in given)
    if isinstance(given, Mapping) and isinstance(live, Mapping):
        return all(
            _covers(live.get(key), value, unordered=unordered) for key, value in given.items()
        )
    blank: tuple[Value, ...] = (None, [], "", False, {})
    return (live in blank and given in blank) or same(live, given, unordered=unordered)


def unknown_outputs(schema: Schema, inputs: Properties) -> Properties:
    """What a preview can say of a new resource: its inputs, and UNKNOWN for every other output."""
    return {**dict.fromkeys(schema.outputs, UNKNOWN), **inputs}
