"""Nothing of the machine that it was written on: no folder of a user, no registry's host."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.house.files import ROOT, tracked

MACHINE = re.compile(r"(?<![\w.}-])/(?:work|root|home/\w+|Users/\w+)/[\w.]")
TEMPORARY = re.compile(r"(?<![\w.{}-])/tmp/[\w.]")
REGISTRY = re.compile(r"https?://(?:[\w.-]*\.)?(?:pypi|npmjs|goproxy|jfrog|nexus)[\w.-]*")
HERE = Path(__file__).relative_to(ROOT)


def texts() -> list[tuple[Path, str]]:
    found = []
    for path in tracked():
        if path != HERE:
            try:
                found.append((path, (ROOT / path).read_text(encoding="utf-8")))
            except UnicodeDecodeError:
                continue
    return found


@pytest.mark.parametrize("pattern", [MACHINE, TEMPORARY, REGISTRY], ids=lambda p: p.pattern[-24:])
def test_no_committed_file_names_a_place_of_some_machine(pattern: re.Pattern[str]) -> None:
    allowed = {"tests"} if pattern is TEMPORARY else set()  # tests speak of folders on hosts
    found = [
        f"{path}: {match[0]}"
        for path, text in texts()
        for match in pattern.finditer(text)
        if path.parts[0] not in allowed
    ]
    assert found == []


@pytest.mark.parametrize(
    ("pattern", "text"),
    [(MACHINE, f"cd /{'root'}/x"), (TEMPORARY, "in /tmp/x"), (REGISTRY, "https://pypi.example/x")],
)
def test_the_search_finds_what_it_looks_for(pattern: re.Pattern[str], text: str) -> None:
    assert pattern.search(text)
