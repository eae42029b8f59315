"""Decides how Pulumi's properties become API parameters, and answers become properties.

The rule is the name: `cidrBlock` is `CidrBlock`, in any depth, whatever the capitals; a resource
type names the exceptions. Refuses to drop what it cannot place: `unplaced` names it.
"""

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.model import Shape as ApiShape
from botocore.model import StructureShape

from drkit.sandbox.provider.api import structure
from drkit.sandbox.provider.schema import Field, Form, Shape
from drkit.sandbox.provider.wire import Properties, Value

Renames = Mapping[str, str]


def member_for(name: str, shape: StructureShape, renames: Renames) -> str | None:
    """The member of an API structure that a property becomes, or None."""
    wanted = renames.get(name, name).lower()
    for member in shape.members:
        if member.lower() == wanted:
            return member
    return None


def to_parameters(
    properties: Mapping[str, Value], shape: StructureShape, renames: Renames
) -> Properties:
    """The API parameters of all properties that the structure has a member for."""
    parameters = {}
    for name, value in properties.items():
        member = member_for(name, shape, renames)
        if member is not None and value is not None:
            parameters[member] = _to_api(value, shape.members[member], renames)
    return parameters


def _to_api(value: Value, shape: ApiShape, renames: Renames) -> Any:
    match shape.type_name:
        case "structure":
            members = structure(shape).members
            if list(members) == ["Value"]:  # EC2 wraps attributes: {"Value": true}
                return {"Value": _to_api(value, members["Value"], renames)}
            # Pulumi keeps a block that may come once as an object or as a list of one.
            single = value[0] if isinstance(value, list) else value
            return to_parameters(single, structure(shape), renames)
        case "list":
            items = value if isinstance(value, list) else [value]
            return [_to_api(item, shape.member, renames) for item in items]  # type: ignore[attr-defined]
        case "map":
            return {key: _to_api(item, shape.value, renames) for key, item in value.items()}  # type: ignore[attr-defined]
        case "string":
            return str(value)
        case "integer" | "long":
            return int(value)
        case "boolean":
            return value == "true" if isinstance(value, str) else bool(value)
        case "blob":
            return value if isinstance(value, bytes) else str(value).encode()
        case _:
            return value


def unplaced(
    properties: Mapping[str, Value], shape: StructureShape, renames: Renames
) -> Iterator[str]:
    """Paths of the properties that the API structure has no member for, at any depth."""
    for name, value in properties.items():
        member = member_for(name, shape, renames)
        if member is None:
            yield name
            continue
        inner = shape.members[member]
        items = value if isinstance(value, list) else [value]
        if inner.type_name == "list":
            inner = inner.member  # type: ignore[attr-defined]
        if isinstance(inner, StructureShape):
            for item in items:
                if isinstance(item, Mapping):
                    yield from (f"{name}.{rest}" for rest in unplaced(item, inner, renames))


def from_answer(
    answer: Mapping[str, Any], fields: Mapping[str, Field], renames: Renames
) -> Properties:
    """The properties among `fields` that an API structure carries, by name and of fitting form."""
    back = {api.lower(): name for name, api in renames.items()}
    names = {name.lower(): name for name in fields}
    properties = {}
    for member, value in answer.items():
        name = back.get(member.lower()) or names.get(member.lower()) or ""
        if name in fields:
            translated = _from_api(value, fields[name].shape, renames)
            if translated is not None:
                properties[name] = translated
    return properties


def _from_api(value: Any, shape: Shape, renames: Renames) -> Value:
    """The value in the form of the schema, or None where it does not fit."""
    match shape.form:
        case Form.DOCUMENT if isinstance(value, Mapping):
            return json.dumps(value)
        case Form.TEXT | Form.DOCUMENT:
            if isinstance(value, bytes):
                return base64.b64encode(value).decode()
            if hasattr(value, "isoformat"):
                return value.isoformat()
            return str(value) if isinstance(value, str | int | float) else None
        case Form.WHOLE | Form.NUMBER | Form.TRUTH:
            return value if isinstance(value, bool | int | float) else None
        case Form.LIST if isinstance(value, list) and shape.of is not None:
            items = [_from_api(item, shape.of, renames) for item in value]
            return items if None not in items else None
        case Form.MAP if isinstance(value, Mapping) and shape.of is not None:
            return {str(key): _from_api(item, shape.of, renames) for key, item in value.items()}
        case Form.OBJECT if isinstance(value, Mapping):
            return from_answer(value, shape.fields, renames)
        case _:
            return None
