"""Exit codes: one meaning each, and a page that tells them all."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from drkit import errors
from drkit.cli import cli
from drkit.errors import DrkitError, Exit
from tests.house.files import ROOT

PAGE = (ROOT / "docs" / "reference" / "exit-codes.md").read_text()
ROWS = {int(n): name for n, name in re.findall(r"^\| (\d+) \| ([A-Z_]+) \|", PAGE, re.MULTILINE)}


def below(cls: type[DrkitError]) -> Iterator[type[DrkitError]]:
    for sub in cls.__subclasses__():
        yield sub
        yield from below(sub)


def test_codes_are_unique() -> None:
    assert len(Exit.__members__) == len({int(code) for code in Exit})


def test_each_kind_of_error_has_a_code_of_its_own() -> None:
    ours = [cls for cls in below(DrkitError) if cls.__module__ == errors.__name__]
    codes = [cls.exit_code for cls in ours]
    assert len(set(codes)) == len(codes), {cls.__name__: cls.exit_code for cls in ours}
    assert Exit.UNEXPECTED not in codes
    assert Exit.OK not in codes


def test_the_page_tells_every_code_and_no_other() -> None:
    assert {int(code): code.name for code in Exit} == ROWS


@pytest.mark.parametrize("code", [c for c in Exit if c not in {Exit.UNEXPECTED, Exit.INTERRUPTED}])
def test_the_help_tells_what_a_run_can_end_with(code: Exit) -> None:
    assert cli.help is not None
    assert re.search(rf"\b{int(code)} [a-z]", cli.help)


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    assert errors.__doc__ is not None
    drawn = dict(re.findall(r"[├└]── (\w+) +(\d+)", errors.__doc__))
    ours = {c.__name__: str(int(c.exit_code)) for c in below(DrkitError)}
    assert drawn == {name: code for name, code in ours.items() if name in vars(errors)}
