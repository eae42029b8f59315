"""Tasks that act in check mode as well: no playbook that has one is played to be compared.

Decides by the files of the playbook and of its roles. A task with ``check_mode: false`` acts,
unless it says with ``changed_when: false`` that it only reads. Refuses to guess which role a name
that is made of variables means: then all of them are read. Roles of other collections are not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

_ENDS = (".yml", ".yaml")
_OF_DRKIT = "drkit.recovery."
_INCLUDES = re.compile(r"(?:^|\.)(?:include|import)_(?:role|tasks|playbook)$")


class _Loose(yaml.SafeLoader):
    """Passes over what only Ansible knows: ``!vault``, ``!unsafe``."""


_Loose.add_multi_constructor("!", lambda *_: None)


def acting_tasks(root: Path, playbook: str) -> tuple[str, ...]:
    """``FILE: NAME`` of each such task of ``playbooks/PLAYBOOK.yml`` below ``root``."""
    found: dict[str, None] = {}
    for file in _files(root / "playbooks", root / "playbooks" / f"{playbook}.yml"):
        for part in _parts(_read(file)):
            if _acts(part):
                name = part.get("name") or "a task without a name"
                found[f"{file.relative_to(root)}: {name}"] = None
    return tuple(found)


def _files(playbooks: Path, first: Path) -> list[Path]:
    """The playbook, what it includes, and all files of its roles."""
    roles = {path.name: path for path in (playbooks / "roles").glob("*") if path.is_dir()}
    found: dict[Path, None] = {}
    todo = [first]
    while todo:
        file = todo.pop()
        if file in found or not file.is_file():
            continue
        found[file] = None
        text, parts = file.read_text(errors="replace"), list(_parts(_read(file)))
        words = set(re.findall(r"[\w.-]+", text))
        used = roles if any(_means_any(part) for part in parts) else roles.keys() & words
        for name in used:
            for folder in ("tasks", "handlers"):
                todo += [f for f in (roles[name] / folder).rglob("*") if f.suffix in _ENDS]
        todo += [file.parent / word for word in words if word.endswith(_ENDS)]
        todo += [file.parent / path for path in re.findall(r"[\w./-]+\.ya?ml", text)]
    return list(found)


def _means_any(part: dict[str, Any]) -> bool:
    """Whether it includes a role whose name is only known when it is played."""
    named = [value for key, value in part.items() if _INCLUDES.search(str(key))]
    named += part.get("roles") or []
    names = [one.get("role") or one.get("name") if isinstance(one, dict) else one for one in named]
    return any("{{" in str(name) and not str(name).startswith(_OF_DRKIT) for name in names)


def _acts(part: dict[str, Any]) -> bool:
    """Of a task, a block or a play."""
    if part.get("check_mode", True) is True:
        return False
    return part.get("changed_when", True) is not False


def _parts(value: object) -> Iterator[dict[str, Any]]:
    """Every mapping in it, itself included. Any: YAML."""
    if isinstance(value, dict):
        yield value
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _parts(inner)


def _read(file: Path) -> object:
    """Nothing of what is no YAML: Ansible says so itself when it is played."""
    try:
        read: object = yaml.load(file.read_text(errors="replace"), Loader=_Loose)  # noqa: S506
    except yaml.YAMLError:
        return None
    return read
