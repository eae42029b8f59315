"""Decides which properties a resource type or look-up has, and of what type each one is.

`pulumi_aws` ships no schema.json, so its generated source text is the schema: the signature of
`VpcArgs` names the inputs, the one of `_VpcState` the outputs. Only the classes that are asked
for are read, and nothing is imported: 3 ms a type on average, where importing `pulumi_aws.ec2`
takes 0.3 s compiled, 2.6 s not, and a schema of all 1,748 types 24 s. Refuses types the SDK has
not.
"""

import ast
import functools
import importlib.util
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from drkit.sandbox.provider.errors import UnknownTypeError


class Form(StrEnum):
    """The form of a property's value."""

    TEXT = "a string"
    WHOLE = "a whole number"
    NUMBER = "a number"
    TRUTH = "true or false"
    LIST = "a list"
    MAP = "a map"
    OBJECT = "an object"
    DOCUMENT = "a JSON document"
    ANY = "anything"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The type of one value: its form, of what it is made, and for an object its class."""

    form: Form
    of: "Shape | None" = None
    fields: "Mapping[str, Field]" = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One property of a type: its shape, and whether it must be given."""

    shape: Shape
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """Inputs and outputs of a resource type or look-up, by camelCase name."""

    inputs: Mapping[str, Field]
    outputs: Mapping[str, Field]


ANYTHING = Shape(form=Form.ANY)
_SCALARS = {"str": Form.TEXT, "int": Form.WHOLE, "float": Form.NUMBER, "bool": Form.TRUTH}
# Other decorators, such as a deprecation of several lines, may stand between the two.
_GETTER = re.compile(
    r'@pulumi\.getter(?:\(name="(\w+)"\))?\n(?:(?!@pulumi\.getter).)*?def (\w+)\(self\)', re.DOTALL
)


@functools.cache
def of_resource(token: str) -> Schema:
    """The schema of a resource type such as `aws:ec2/vpc:Vpc`.

    Raises UnknownTypeError if the installed pulumi-aws has no such type.
    """
    module, name = _split(token)
    source = _Source(module, _snake(name))
    if token not in source.text:
        raise UnknownTypeError(f"pulumi-aws {version()} has no resource type {token}")
    # A nested type may have taken the name: the one of Bucket is called BucketVersioningArgs.
    arguments = f"{name}InitArgs" if f"\nclass {name}InitArgs:" in source.text else f"{name}Args"
    return Schema(
        inputs=source.fields_of(arguments),
        outputs=source.fields_of(f"_{name}State"),
    )


@functools.cache
def of_function(token: str) -> Schema:
    """The schema of a look-up such as `aws:ec2/getAmi:getAmi`; raises UnknownTypeError."""
    module, name = _split(token)
    source = _Source(module, _snake(name))
    if token not in source.text:
        raise UnknownTypeError(f"pulumi-aws {version()} has no look-up {token}")
    signature = source.signature(f"\ndef {_snake(name)}(")
    names = dict(re.findall(r"__args__\['(\w+)'\] = (\w+)", source.text))
    fields = source.fields_in(signature, {python: camel for camel, python in names.items()})
    result = source.block(f"Get{name.removeprefix('get')}Result")
    return Schema(
        inputs=fields,
        outputs={
            camel or python: Field(shape=ANYTHING) for camel, python in _GETTER.findall(result)
        },
    )


@functools.cache
def version() -> str:
    """The version of the installed pulumi-aws, such as `7.51.1`, without importing it."""
    folder = _sdk().parent
    for info in sorted(folder.glob("pulumi_aws-*.dist-info")):
        return info.name.removeprefix("pulumi_aws-").removesuffix(".dist-info")
    raise UnknownTypeError("pulumi-aws is not installed: install drkit with its requirements")


@functools.cache
def _sdk() -> Path:
    found = importlib.util.find_spec("pulumi_aws")
    if found is None or found.origin is None:
        raise UnknownTypeError("pulumi-aws is not installed: install drkit with its requirements")
    return Path(found.origin).parent


def _split(token: str) -> tuple[str, str]:
    """`aws:ec2/vpc:Vpc` to (`ec2`, `Vpc`); `aws:index/getRegion:getRegion` to (``, …)."""
    _, module, name = token.split(":")
    package = module.partition("/")[0]
    return ("" if package == "index" else package), name


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


@functools.cache
def _text(path: Path) -> str:
    return path.read_text() if path.is_file() else ""


class _Source:
    """The source text of one generated module, with the nested types of its package."""

    def __init__(self, package: str, module: str) -> None:
        self.folder = _sdk() / package
        self.text = _text(self.folder / f"{module}.py")

    def fields_of(self, name: str) -> Mapping[str, Field]:
        """The fields of a class in this module or, for nested ones, in `_inputs.py`."""
        block = self.block(name) or self.block(name, _text(self.folder / "_inputs.py"))
        names = {python: camel or python for camel, python in _GETTER.findall(block)}
        return self.fields_in(self.signature("def __init__(", block), names)

    def block(self, name: str, text: str | None = None) -> str:
        """The text of one top-level class, or nothing."""
        text = self.text if text is None else text
        start = text.find(f"\nclass {name}:\n")
        if start < 0:
            return ""
        ends = (text.find(mark, start + 1) for mark in ("\nclass ", "\n@pulumi."))
        return text[start : min((end for end in ends if end > 0), default=len(text))]

    def signature(self, start: str, text: str | None = None) -> ast.arguments | None:
        """The parsed parameters of the function that begins with `start`, or None."""
        text = self.text if text is None else text
        begin = text.find(start)
        if begin < 0:
            return None
        begin += len(start)
        end = re.compile(r"\)(?: -> [^\n]+)?:\n").search(text, begin)
        if end is None:
            raise UnknownTypeError(f"pulumi-aws {version()}: {start!r} is not as it used to be")
        parsed = ast.parse(f"def f({text[begin : end.start()]}): ...").body
        return next(each.args for each in parsed if isinstance(each, ast.FunctionDef))

    def fields_in(
        self, signature: ast.arguments | None, names: Mapping[str, str]
    ) -> Mapping[str, Field]:
        """Fields by camelCase name; parameters without a camelCase name are not properties."""
        if signature is None:
            return {}
        fields = {}
        pairs = list(zip(signature.kwonlyargs, signature.kw_defaults, strict=True))
        pairs += [(each, ast.Constant(None)) for each in signature.args]
        for parameter, default in pairs:
            if parameter.arg in names and parameter.annotation is not None:
                fields[names[parameter.arg]] = Field(
                    shape=self._shape(parameter.annotation), required=default is None
                )
        return fields

    def _shape(self, annotation: ast.expr) -> Shape:
        match annotation:
            case ast.Subscript(value=ast.Name(id="Sequence"), slice=inner):
                return Shape(form=Form.LIST, of=self._shape(inner))
            case ast.Subscript(value=ast.Name(id="Mapping"), slice=ast.Tuple(elts=[_, inner])):
                return Shape(form=Form.MAP, of=self._shape(inner))
            case ast.Subscript(value=ast.Name(id="Union"), slice=ast.Tuple(elts=[first, *rest])):
                shape = self._shape(first)
                document = shape.form is Form.TEXT and ast.unparse(rest[0]).endswith("Args'")
                return Shape(form=Form.DOCUMENT) if document else shape
            case ast.Subscript(slice=inner):  # Optional[...], pulumi.Input[...]
                return self._shape(inner)
            case ast.Attribute(value=ast.Name(id="_builtins"), attr=name) if name in _SCALARS:
                return Shape(form=_SCALARS[name])
            case ast.Constant(value=str(name)) if name.endswith("Args"):
                fields = self.fields_of(name)
                return Shape(form=Form.OBJECT, fields=fields) if fields else ANYTHING
            case ast.Constant(value=str()):  # the name of an enumeration of strings
                return Shape(form=Form.TEXT)
            case _:
                return ANYTHING
