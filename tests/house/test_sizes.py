"""Hard limits on files, functions and parameters, and names that say nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.files import ROOT, python_files

FILE, TEST_FILE, FUNCTION, PARAMETERS = 300, 400, 50, 6
SAY_NOTHING = {"utils", "util", "common", "helpers", "helper", "misc", "base", "manager"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(path: Path) -> Iterator[Function]:
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def too_long(function: Function) -> bool:
    first = min([function.lineno, *(d.lineno for d in function.decorator_list)])
    return (function.end_lineno or first) - first + 1 > FUNCTION


def too_many(function: Function) -> bool:
    found = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    names = [argument.arg for argument in found]
    return len([name for name in names if name not in {"self", "cls"}]) > PARAMETERS


def test_no_file_is_longer_than_the_house_allows() -> None:
    long = {
        str(path): lines
        for path in python_files()
        if (lines := len((ROOT / path).read_text().splitlines()))
        > (TEST_FILE if path.parts[0] == "tests" else FILE)
    }
    assert long == {}


def test_no_function_is_longer_than_the_house_allows() -> None:
    long = [f"{p}:{f.lineno} {f.name}" for p in python_files() for f in functions(p) if too_long(f)]
    assert long == []


def test_no_function_takes_more_than_six_parameters() -> None:
    """Commands of the CLI take what click hands them; theirs are counted like all others."""
    many = [f"{p}:{f.lineno} {f.name}" for p in python_files() for f in functions(p) if too_many(f)]
    assert many == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [str(path) for path in python_files() if path.stem in SAY_NOTHING] == []


def test_every_module_says_what_it_is() -> None:
    silent = [
        str(path)
        for path in python_files("drkit", "shop", "stacks", "checks", "bench")
        if (ROOT / path).read_text().strip()
        and not ast.get_docstring(ast.parse((ROOT / path).read_text()))
    ]
    assert silent == []


@pytest.mark.parametrize("limit", [too_long, too_many], ids=["length", "parameters"])
def test_the_limits_can_be_broken(limit: object) -> None:
    """The guard of the guard: what is over the limit is seen."""
    names = ", ".join(f"p{n}" for n in range(PARAMETERS + 1))
    body = "\n".join(["    pass"] * (FUNCTION + 1))
    [function] = ast.parse(f"def f({names}):\n{body}").body
    assert isinstance(function, ast.FunctionDef)
    assert callable(limit)
    assert limit(function)
