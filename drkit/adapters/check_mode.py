"""Tasks that act in check mode as well: no playbook that has one is played to be compared.

Decides by the files below ``playbooks``, and takes rather too many of them to be the playbook's: a
role or a file whose name stands in one of them, and all of them where a name is made of variables.
A task with ``check_mode: false`` acts, unless it says with ``changed_when: false`` that it only
reads. An include that leads elsewhere may act. Roles of other collections are not read.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

_ENDS = ("", ".yml", ".yaml", ".json")
_ROLE_HAS = ("tasks", "handlers", "meta", "defaults", "vars")
_INCLUDES = re.compile(r"(?:^|\.)(?:include|import)_(role|tasks|playbook)$")
_IN_ACTION = re.compile(r"(?:include|import)_(?:role|tasks)")
_MADE_OF_VARIABLES = re.compile(r"{[{%]")
_OF_COLLECTION = re.compile(r"\w+\.\w+\.")


class _Loose(yaml.SafeLoader):
    """Passes over what only Ansible knows: ``!vault``, ``!unsafe``."""


_Loose.add_multi_constructor("!", lambda *_: None)


def acting_tasks(root: Path, playbook: str) -> tuple[str, ...]:
    """``FILE: NAME`` of each such task of ``playbooks/PLAYBOOK.yml`` below ``root``, and what is
    included from elsewhere.
    """
    found: dict[str, None] = {}
    names = _names(root / "playbooks")
    for file in _files(names, root / "playbooks" / f"{playbook}.yml"):
        told = file.relative_to(root)
        for part in _parts(_read(file)):
            if _acts(part):
                found[f"{told}: {part.get('name') or 'a task without a name'}"] = None
        for kind, name in _included(file):
            if not _is_below(names, file, kind, name):
                found[f"{told}: includes {name or 'something'}, which cannot be followed"] = None
    return tuple(found)


def _names(playbooks: Path) -> Mapping[Path, Collection[str]]:
    """Each file below → what an include calls it: its name, and those of the roles it lies in."""
    found: dict[Path, Collection[str]] = {}
    for folder, _, files in os.walk(playbooks, followlinks=True):
        for file in (Path(folder, name) for name in files):
            if file.suffix in _ENDS:
                parts = file.relative_to(playbooks).parts
                roles = (role for role, part in pairwise(parts) if part in _ROLE_HAS)
                found[file] = {file.name, *roles}
    return found


def _files(names: Mapping[Path, Collection[str]], first: Path) -> list[Path]:
    """The playbook, what it includes, and all files of its roles."""
    found: dict[Path, None] = {}
    todo = [first]
    while todo:
        file = todo.pop()
        if file in found or not file.is_file():
            continue
        found[file] = None
        words = set(re.findall(r"[\w.-]+", file.read_text(errors="replace")))
        todo += [other for other, called in names.items() if not words.isdisjoint(called)]
        if any(_may_be_any(kind, name) for kind, name in _included(file)):
            todo += [other for other in names if not _is_playbook(other)]
    return list(found)


def _may_be_any(kind: str, name: str) -> bool:
    return bool(_MADE_OF_VARIABLES.search(name)) and not _is_of_collection(kind, name)


def _is_of_collection(kind: str, name: str) -> bool:
    return kind == "role" and bool(_OF_COLLECTION.match(name))


def _is_playbook(file: Path) -> bool:
    read = _read(file)
    plays = [one for one in read if isinstance(one, dict)] if isinstance(read, list) else []
    return any("hosts" in play for play in plays)


def _is_below(names: Mapping[Path, Collection[str]], file: Path, kind: str, name: str) -> bool:
    """Whether what is included so is among ``names``, or of a collection."""
    if _is_of_collection(kind, name):
        return True
    if _MADE_OF_VARIABLES.search(name):
        return kind in ("role", "tasks") and ".." not in name
    if ".." in name or name.startswith(("/", "~")):
        return Path(os.path.normpath(file.parent / name)) in names
    return any(name.rpartition("/")[2] in called for called in names.values())


def _included(file: Path) -> Iterator[tuple[str, str]]:
    """What each include is of (``role``, ``tasks``, ``playbook``, ``action``), and its name."""
    is_meta = file.parent.name == "meta" and file.stem == "main"
    for part in _parts(_read(file)):
        for key, value in part.items():
            if of := _INCLUDES.search(str(key)):
                yield of[1], _name(value or part.get("args"))
            elif (key == "roles" and "hosts" in part) or (key == "dependencies" and is_meta):
                listed = value if isinstance(value, list) else [value] if value else []
                yield from (("role", _name(one)) for one in listed)
            elif key in ("action", "local_action") and _IN_ACTION.search(str(value)):
                yield "action", str(value)


def _name(value: object) -> str:
    """Of one role or file, however it is written; empty where it has none."""
    if isinstance(value, dict):
        keys = ("role", "name", "file", "src")
        value = next((value[key] for key in keys if value.get(key)), "")
    return str(value or "")


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
