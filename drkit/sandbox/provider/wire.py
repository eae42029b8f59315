"""Decides how property values travel: protobuf Struct to plain Python and back.

Refuses nothing: what Pulumi sends is taken as it is. Unknown values (outputs of resources that
do not exist yet) become UNKNOWN and stay UNKNOWN wherever they are copied to.
"""

import json
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from google.protobuf import json_format, struct_pb2  # type: ignore[import-untyped]

# A property value: str, bool, int, float, None, UNKNOWN, or lists and string-keyed dicts of these.
# Typed by the schema at run time (schema.py), so the type checker can know no more than this.
Value: TypeAlias = Any
Properties: TypeAlias = dict[str, Value]


class Unknown:
    """A value that will be known only once another resource exists."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __copy__(self) -> "Unknown":
        return self

    def __deepcopy__(self, memo: object) -> "Unknown":
        return self


UNKNOWN: Final = Unknown()

# sdk/go/common/resource/plugin/rpc.go of Pulumi: one sentinel for each kind of value.
UNKNOWN_STRING: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_SENTINELS: Final = frozenset(
    {
        UNKNOWN_STRING,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)


def decode(struct: struct_pb2.Struct) -> Properties:
    """Plain values of a Struct. Whole numbers come back as int: Struct knows only doubles."""
    return {key: _decoded(value) for key, value in struct.fields.items()}


def _decoded(value: struct_pb2.Value) -> Value:
    match value.WhichOneof("kind"):
        case "string_value":
            return UNKNOWN if value.string_value in _SENTINELS else value.string_value
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "bool_value":
            return value.bool_value
        case "struct_value":
            return decode(value.struct_value)
        case "list_value":
            return [_decoded(item) for item in value.list_value.values]
        case _:
            return None


def encode(properties: Mapping[str, Value]) -> struct_pb2.Struct:
    """A Struct of plain values; None is left out, UNKNOWN becomes Pulumi's sentinel."""
    struct = struct_pb2.Struct()
    plain = {key: _encoded(value) for key, value in properties.items() if value is not None}
    json_format.ParseDict(plain, struct)
    return struct


def _encoded(value: Value) -> Value:
    if isinstance(value, Unknown):
        return UNKNOWN_STRING
    if isinstance(value, Mapping):
        return {key: _encoded(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_encoded(item) for item in value]
    return value


def decode_configuration(values: Mapping[str, Value]) -> Properties:
    """Provider settings: Pulumi sends everything but strings as JSON text."""
    return {key: _from_json(value) for key, value in values.items()}


def _from_json(value: Value) -> Value:
    if not isinstance(value, str) or value[:1] not in ("{", "[", "t", "f", '"'):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def has_unknown(value: Value) -> bool:
    """Whether the value is UNKNOWN or holds an UNKNOWN somewhere."""
    if isinstance(value, Unknown):
        return True
    if isinstance(value, Mapping):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list | tuple):
        return any(has_unknown(item) for item in value)
    return False
