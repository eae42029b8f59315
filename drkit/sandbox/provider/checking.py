"""Decides whether a program's inputs make sense, and completes them: names, default tags.

Refuses, by its path and with a near miss, each property that the type has not, each that the
sandbox does not cover (ignoring it would be a lie), each missing or of the wrong form.
"""

import difflib
import hashlib
import json
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from botocore.model import StructureShape

from drkit.sandbox.provider.api import Region, structure
from drkit.sandbox.provider.mapping import member_for, unplaced
from drkit.sandbox.provider.resource_type import Naming, ResourceType
from drkit.sandbox.provider.schema import ANYTHING, Field, Form, Shape
from drkit.sandbox.provider.template import fill, parse
from drkit.sandbox.provider.wire import Properties, Unknown, Value

_FITS: Mapping[Form, tuple[type, ...]] = {
    Form.TEXT: (str,),
    Form.WHOLE: (int,),
    Form.NUMBER: (int, float),
    Form.TRUTH: (bool,),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one property; the path is as written, such as `ingress[0].fromPrt`."""

    path: str
    reason: str


def problems(fields: Mapping[str, Field], given: Properties, path: str = "") -> Iterator[Problem]:
    """All that is wrong with an object of these fields, at any depth."""
    for name, value in given.items():
        if name.startswith("__"):  # Pulumi's own, such as __defaults
            continue
        if name not in fields:
            yield Problem(path + name, f"unknown property {name!r}{_near(name, fields)}")
        else:
            yield from _value_problems(fields[name].shape, value, path + name)
    for name, field in fields.items():
        if field.required and given.get(name) is None:
            yield Problem(path + name, f"missing required property {name!r}")


def _value_problems(shape: Shape, value: Value, path: str) -> Iterator[Problem]:
    if value is None or isinstance(value, Unknown) or shape.form is Form.ANY:
        return
    match shape.form, value:
        case Form.LIST, list():
            for index, item in enumerate(value):
                yield from _value_problems(_of(shape), item, f"{path}[{index}]")
        case Form.MAP, dict():
            for key, item in value.items():
                yield from _value_problems(_of(shape), item, f"{path}.{key}")
        case Form.OBJECT, dict():
            yield from problems(shape.fields, value, f"{path}.")
        case Form.DOCUMENT, dict():
            return
        case ((Form.LIST | Form.MAP | Form.OBJECT), _):
            yield Problem(path, f"wants {shape.form}, not {value!r}")
        case _:
            if isinstance(coerced(shape, value), dict | list) or not _fits(shape, value):
                yield Problem(path, f"wants {shape.form}, not {value!r}")


def _of(shape: Shape) -> Shape:
    return shape.of or ANYTHING


def _fits(shape: Shape, value: Value) -> bool:
    return isinstance(coerced(shape, value), _FITS.get(shape.form, (str,)))


def coerced(shape: Shape, value: Value) -> Value:
    """The value in the form of the schema where that is beyond doubt, as the real provider does."""
    match shape.form, value:
        case Form.LIST, list():
            return [coerced(_of(shape), item) for item in value]
        case Form.MAP, dict():
            return {key: coerced(_of(shape), item) for key, item in value.items()}
        case Form.OBJECT, dict():
            return {
                key: coerced(shape.fields[key].shape, item) if key in shape.fields else item
                for key, item in value.items()
            }
        case Form.DOCUMENT, dict():
            return json.dumps(value)
        case Form.TEXT, bool():
            return "true" if value else "false"
        case Form.TEXT, int() | float():
            return str(value)
        case ((Form.WHOLE | Form.NUMBER), str()) if re.fullmatch(r"-?\d+", value):
            return int(value)
        case Form.TRUTH, "true" | "false":
            return value == "true"
        case _:
            return value


def _near(name: str, known: Iterable[str]) -> str:
    """The hint for a name that is almost right."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f": did you mean {close[0]!r}?" if close else ""


def uncovered(type_: ResourceType, region: Region, given: Properties) -> Iterator[Problem]:
    """The properties that exist on AWS and that the sandbox would have to ignore."""
    naming = type_.naming
    own = {"region", "tags", *type_.in_place, *type_.hooks.takes, *type_.replace_if.values()}
    own |= {naming.property, naming.prefix or ""} if naming else set()
    own |= {name for update in type_.updates for name in update.properties}
    shape = region.input_shape(fill(type_.create, given))
    own |= set(parse(type_.id, None)) if "{" in type_.id else set()
    if type_.inside:
        shape = structure(shape.members[type_.inside])
    rest = {name: value for name, value in given.items() if name not in own}
    for path in unplaced(rest, shape, type_.renames):
        if not path.startswith("__"):
            yield Problem(path, f"the sandbox does not cover {path!r} of {type_.pulumi_type}")
    if type_.tagging is None and given.get("tags") and not _takes_tags(type_, shape):
        yield Problem("tags", f"the sandbox does not cover 'tags' of {type_.pulumi_type}")


def _takes_tags(type_: ResourceType, shape: StructureShape) -> bool:
    return member_for("tags", shape, type_.renames) is not None


def named(
    naming: Naming, logical_name: str, *, old: Properties, new: Properties, seed: bytes
) -> Properties:
    """The inputs with a name: the program's, the one it had, or one made from the logical name.

    A made name ends in seven hexadecimal digits, so that a replacement can exist beside the old.
    """
    if new.get(naming.property) is not None:
        return new
    prefix = new.get(naming.prefix) if naming.prefix else None
    if isinstance(prefix, Unknown):
        return {**new, naming.property: prefix}
    had = old.get(naming.property)
    if had and (prefix is None or str(had).startswith(prefix)):
        return {**new, naming.property: had}
    ending = (
        hashlib.sha256(seed + logical_name.encode()).hexdigest() if seed else secrets.token_hex()
    )
    stem = prefix if prefix is not None else f"{logical_name[: naming.longest - 8]}-"
    name = f"{stem}{ending[:7]}"
    return {**new, naming.property: name.lower() if naming.lower else name}
