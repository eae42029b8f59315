"""YAML with its places: which line a key stands on, and which keys stand there twice.

PyYAML takes the last of two equal keys without a word; in a recovery plan that is a lost edit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import yaml

from drkit.errors import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Dotted path → line (from 1) of one document."""

    name: str
    lines: Mapping[str, int]
    duplicates: tuple[Problem, ...]

    def at(self, path: str) -> str:
        """``drkit.yaml:12 processes.sales.rto``; the line of the nearest parent that is there."""
        probe = path
        while probe and probe not in self.lines:
            probe = probe.rpartition(".")[0]
        line = f":{self.lines[probe]}" if probe in self.lines else ""
        return f"{self.name}{line} {path}".rstrip()


def read_yaml(text: str, *, name: str) -> tuple[object, Places]:
    """Parse ``text``. Returns the document as plain values, and its places. Raises YAMLError."""
    node = yaml.compose(text, Loader=yaml.SafeLoader)
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
    return yaml.safe_load(text), Places(name=name, lines=lines, duplicates=tuple(duplicates))


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
