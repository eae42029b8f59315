"""The door of the plan: ``drkit.yaml`` → :class:`drkit.model.plan.Plan`, or every error at once.

Refuses unknown and duplicate keys, and values without their unit. What the parts mean together
(references, cycles, budgets) is judged by :mod:`drkit.planning.problems`, not here.
"""

from __future__ import annotations

import dataclasses
import difflib
import typing
from collections.abc import Iterator, Mapping
from datetime import timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import cattrs
import yaml
from cattrs.gen import make_dict_structure_fn, override

from drkit.adapters.yaml_places import read_yaml
from drkit.adapters.yaml_problems import problems_of
from drkit.errors import ConfigurationError, Problem
from drkit.model.places import Places
from drkit.model.plan import (
    Cloud,
    Dns,
    DnsMethod,
    Outside,
    Plan,
    RestoreTool,
    Secrets,
    Site,
    Store,
    Tier,
)
from drkit.model.quantities import Impact, parse_duration, parse_impact

if TYPE_CHECKING:
    from drkit.planning.files import Exists

NAMED = ("people", "sites", "providers", "processes", "stacks", "stores", "services", "steps")
"""Sections whose entries are named by their key."""


def load_plan(path: Path) -> Plan:
    """Read the plan at ``path``. Raises ConfigurationError that carries every problem at once."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"the plan {path} cannot be read: {error}",
            remedy="name the plan with --plan, or start in the folder that holds drkit.yaml",
        ) from error
    try:
        source, places, twice = read_yaml(text, name=path.name)
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path.name} is not valid YAML: {error}") from error
    return structure_plan(source, root=path.resolve().parent, places=places, twice=twice)


def files_of(plan: Plan) -> Exists:
    """Asks after a file or folder in the plan's own folder."""
    return lambda path: (plan.root / path).exists()


def structure_plan(
    source: object,
    *,
    root: Path,
    places: Places | None = None,
    twice: tuple[Problem, ...] = (),
) -> Plan:
    """A parsed document → Plan. ``root`` is the folder its paths are relative to; ``twice`` are the
    problems of keys that the document does not show any more.
    """
    places = places or Places()
    if not isinstance(source, dict):
        raise ConfigurationError(f"{places.name} is no recovery plan: it must be a mapping")
    problems = [*twice, *_version_problems(source, places)]
    document = _with_names(source, problems, places)
    try:
        plan = _converter(str(source.get("currency"))).structure(document, Plan)
    except cattrs.BaseValidationError as error:
        problems += problems_of(error, places)
    else:
        plan = dataclasses.replace(plan, root=root, source=source, places=places)
    if problems:
        raise ConfigurationError(
            f"{places.name} has {len(problems)} problem{'s' * (len(problems) > 1)}",
            problems=tuple(problems),
        )
    return plan


def _version_problems(source: Mapping[str, object], places: Places) -> list[Problem]:
    found = source.get("version", "none")
    if found == 1 and not isinstance(found, bool):
        return []
    return [
        Problem(
            place=places.at("version"),
            message=f"this drkit reads plans of version 1, not {found!r}",
            remedy="write `version: 1`, or use the drkit that the plan was written for",
        )
    ]


def _with_names(
    source: Mapping[str, object], problems: list[Problem], places: Places
) -> dict[str, object]:
    """Give each entry of a named section its key as ``name``; drop what Plan does not hold."""
    document = {key: value for key, value in source.items() if key != "version"}
    for inner in ("root", "source", "places"):
        if inner in document:
            problems.append(Problem(place=places.at(inner), message="unknown key"))
            del document[inner]
    for section in NAMED:
        entries = document.get(section)
        if entries is None:
            document[section] = {}
        elif isinstance(entries, dict):
            problems += _named_twice(section, entries, places)
            document[section] = {k: _named(k, v, section) for k, v in entries.items()}
    document["root"] = "."
    return document


def _name_field(section: str) -> str:
    return "region" if section == "sites" else "name"


def _named_twice(
    section: str, entries: Mapping[object, object], places: Places
) -> Iterator[Problem]:
    field = _name_field(section)
    for key, entry in entries.items():
        if isinstance(entry, dict) and field in entry:
            yield Problem(
                place=places.at(f"{section}.{key}.{field}"),
                message=f"unknown key `{field}`",
                remedy=f"take it out: the {field} is `{key}`, the key of the entry",
            )


def _named(key: object, entry: object, section: str) -> object:
    if entry is None:
        entry = {}
    if not isinstance(entry, dict):
        return entry
    field = _name_field(section)
    defaults = {"playbook": key} if section in ("stores", "services") else {}
    return {**defaults, **entry, field: key}


@cache
def _converter(currency: str) -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True)
    converter.register_structure_hook_func(lambda cls: cls is object, lambda value, _: value)
    # by type, not by predicate: cattrs asks its own hooks for str and int before any predicate
    converter.register_structure_hook(str, _text)
    converter.register_structure_hook(int, _count)
    converter.register_structure_hook(bool, _yes_or_no)
    for choice in (Cloud, DnsMethod, RestoreTool, Tier):  # each by name: a StrEnum is also a str
        converter.register_structure_hook(choice, _chosen)
    converter.register_structure_hook(timedelta, lambda value, _: parse_duration(value))
    converter.register_structure_hook(Path, lambda value, _: Path(_text(value, str)))
    converter.register_structure_hook(
        Impact, lambda value, _: parse_impact(value, currency=currency)
    )
    converter.register_structure_hook_func(_is_tuple, _sequence(converter))
    converter.register_structure_hook(Secrets, _secrets)
    converter.register_structure_hook(Outside, _outside)
    converter.register_structure_hook(Dns, _dns(converter))
    converter.register_structure_hook(Site, _site(converter))
    converter.register_structure_hook(
        Store,
        make_dict_structure_fn(
            Store,
            converter,
            _cattrs_forbid_extra_keys=True,
            skip_numbers=override(rename="skip-numbers"),
        ),
    )
    # last: it takes the hooks of its parts as they are now
    converter.register_structure_hook(
        Plan,
        make_dict_structure_fn(
            Plan,
            converter,
            _cattrs_forbid_extra_keys=True,
            break_glass=override(rename="break-glass"),
        ),
    )
    return converter


def _text(value: object, _: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text: put it in quotes")
    return value


def _yes_or_no(value: object, _: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{value!r} is neither true nor false")
    return value


def _count(value: object, _: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{value!r} is no whole number of at least 0")
    return value


def _chosen(value: object, cls: type[StrEnum]) -> StrEnum:
    choices = [str(choice) for choice in cls]
    if value in choices:
        return cls(str(value))
    near = difflib.get_close_matches(str(value), choices, n=1)
    hint = f": did you mean `{near[0]}`?" if near else ""
    raise ValueError(f"{value!r} is none of {', '.join(choices)}{hint}")


def _is_tuple(cls: object) -> bool:
    return typing.get_origin(cls) is tuple


def _sequence(converter: cattrs.Converter) -> typing.Callable[[object, object], object]:
    """A list, or one value for a list of one: ``hosts: db`` reads as well as ``hosts: [db]``."""

    def structure(value: object, cls: object) -> object:
        inner = typing.get_args(cls)[0]
        items = value if isinstance(value, list) else [value]
        return tuple(converter.structure(item, inner) for item in items)

    return structure


def _secrets(value: object, _: object) -> Secrets:
    """``{vault: FILE, password: {command: …}}``."""
    match value:
        case {"vault": str(vault), "password": {"command": str(command), **more}, **rest} if not (
            rest or more
        ):
            return Secrets(vault=Path(vault), password_command=command)
    raise ValueError("write {vault: FILE, password: {command: COMMAND}}")


def _outside(value: object, _: object) -> Outside:
    """``{region: R, state: s3://BUCKET, backups: s3://BUCKET}``."""
    match value:
        case {"region": str(region), "state": str(state), "backups": str(backups), **rest} if (
            not rest and state.startswith("s3://") and backups.startswith("s3://")
        ):
            return Outside(region=region, state=state[5:], backups=backups[5:])
    raise ValueError("write {region: REGION, state: s3://BUCKET, backups: s3://BUCKET}")


def _dns(converter: cattrs.Converter) -> typing.Callable[[object, object], Dns]:
    """The bucket of ``switch`` without its ``s3://``; the rest is structured as it stands."""
    inner = make_dict_structure_fn(Dns, converter, _cattrs_forbid_extra_keys=True)

    def structure(value: object, cls: object) -> Dns:
        if isinstance(value, dict) and "switch" in value:
            switch = value["switch"]
            if not isinstance(switch, str) or not switch.startswith("s3://"):
                raise ValueError("`switch` is a bucket: write s3://BUCKET")
            value = value | {"switch": switch[5:]}
        return inner(typing.cast("Mapping[str, object]", value), cls)

    return structure


def _site(converter: cattrs.Converter) -> typing.Callable[[object, object], Site]:
    """A site's ``ssh: {jump: GROUP}`` becomes ``jump``; the rest is structured as it stands."""
    inner = make_dict_structure_fn(Site, converter, _cattrs_forbid_extra_keys=True)

    def structure(value: object, cls: object) -> Site:
        if isinstance(value, dict):
            match value.get("ssh"):
                case {"jump": str(jump), **rest} if not rest and "jump" not in value:
                    value = {k: v for k, v in value.items() if k != "ssh"} | {"jump": jump}
                case _:
                    raise ValueError("a site needs `ssh: {jump: GROUP}`")
        return inner(typing.cast("Mapping[str, object]", value), cls)

    return structure
