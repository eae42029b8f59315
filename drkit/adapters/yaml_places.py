"""YAML with its places: which line a key stands on, and which keys stand there twice.

PyYAML takes the last of two equal keys without a word; in a recovery plan that is a lost edit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import yaml

from drkit.errors import Problem
from drkit.model.places import Places

LOADER: type[yaml.CSafeLoader | yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Where PyYAML was built without libyaml there is only its own."""


def read_yaml(text: str, *, name: str) -> tuple[object, Places, tuple[Problem, ...]]:
    """Parse ``text``. Returns the document as plain values, its places, and a problem for each key
    that stands twice. Raises YAMLError.
    """
    node, document = _parsed(text)
    lines: dict[str, int] = {}
    duplicates: list[Problem] = []
    for path, line, twice in _walk(node, ""):
        if twice:
            duplicates.append(
                Problem(
                    place=f"{name}:{line} {path}",
                    message=f"this key stands twice (first on line {lines[path]})",
                    remedy="keep one of them",
                )
            )
        lines.setdefault(path, line)
    return document(), Places(name=name, lines=lines), tuple(duplicates)


def _parsed(text: str) -> tuple[yaml.Node | None, Callable[[], object]]:
    """The nodes of ``text``, read once, and what makes the document of them.

    libyaml is ten times as fast, and each command waits for it; it does not show the line that it
    stumbles over, so PyYAML's own parser is left to say what is wrong.
    """
    loader: yaml.CSafeLoader | yaml.SafeLoader
    try:
        loader = LOADER(text)
        node = loader.get_single_node()
    except yaml.YAMLError:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
    return node, lambda: None if node is None else loader.construct_document(node)


def _walk(
    node: yaml.Node | None, prefix: str, above: tuple[yaml.Node, ...] = ()
) -> Iterator[tuple[str, int, bool]]:
    if node in above:
        raise yaml.YAMLError(f"`{prefix}` is an alias of what it stands in")
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            path = f"{prefix}.{key.value}" if prefix else str(key.value)
            yield path, key.start_mark.line + 1, path in seen
            seen.add(path)
            yield from _walk(value, path, (*above, node))
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _walk(value, f"{prefix}.{index}", (*above, node))
