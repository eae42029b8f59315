"""cattrs' tree of errors → a flat list of problems, each with its place and a near miss."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import fields, is_dataclass

import cattrs
from cattrs.errors import ForbiddenExtraKeysError

from drkit.errors import Problem
from drkit.model.places import Places

_DASHED = {"skip_numbers": "skip-numbers", "break_glass": "break-glass", "jump": "ssh"}
_NEVER_WRITTEN = {"name", "root", "source", "places"}


def problems_of(error: BaseException, places: Places) -> list[Problem]:
    """Every leaf of ``error`` as a problem, in the order of the file."""
    found = list(_leaves(error, "", places))
    return sorted(found, key=lambda problem: _line(problem.place))


def _line(place: str) -> int:
    number = place.partition(":")[2].partition(" ")[0]
    return int(number) if number.isdigit() else 0


def _leaves(error: BaseException, path: str, places: Places) -> Iterator[Problem]:
    if isinstance(error, cattrs.BaseValidationError):
        for inner in error.exceptions:
            yield from _leaves(inner, _inside(path, inner), places)
    elif isinstance(error, ForbiddenExtraKeysError):
        for key in sorted(error.extra_fields):
            yield _unknown_key(key, f"{path}.{key}".lstrip("."), error.cl, places)
    elif isinstance(error, KeyError):
        missing = _DASHED.get(str(error.args[0]), str(error.args[0]))
        where = path.rpartition(".")[0]
        yield Problem(
            place=places.at(where),
            message=f"`{missing}` is missing",
            remedy=f"add `{missing}:`; docs/reference/plan.md says what it takes",
        )
    else:
        yield Problem(place=places.at(path), message=_said(error))


def _inside(path: str, error: BaseException) -> str:
    for note in getattr(error, "__notes__", ()):
        name = getattr(note, "name", None)
        if name is not None:
            return f"{path}.{_DASHED.get(name, name)}".lstrip(".")
        index = getattr(note, "index", None)
        if index is not None:
            return f"{path}.{index}".lstrip(".")
    return path


def _unknown_key(key: str, path: str, cls: object, places: Places) -> Problem:
    known = set()
    if is_dataclass(cls):
        known = {_DASHED.get(f.name, f.name) for f in fields(cls)} - _NEVER_WRITTEN
    near = difflib.get_close_matches(key, known, n=1)
    remedy = f"did you mean `{near[0]}`?" if near else f"known here: {', '.join(sorted(known))}"
    return Problem(place=places.at(path), message=f"unknown key `{key}`", remedy=remedy)


def _said(error: BaseException) -> str:
    if isinstance(error, ValueError):
        return str(error)
    return "keys with values are expected here, as `{key: value}`"
