"""``drkit journal verify``, as it is typed: what it says, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from drkit.cli import cli
from drkit.errors import JournalDamaged
from drkit.model.record import RunResumed
from drkit.ports import World
from tests.contract.cloud.opened import Write
from tests.contract.cloud.places import BEGUN, RUN, Place


@pytest.fixture
def plan_file(shop: Write, world: World) -> Path:
    """The plan of a shop that has one run, ended."""
    plan = shop()
    place = Place(world, plan, "")
    place.record(RunResumed(operator="ana@host", pid=1, key=place.owner.key), BEGUN)
    return plan.root / "drkit.yaml"


def typed(plan_file: Path, *words: str) -> str:
    command = ["journal", "verify", RUN, "--plan", str(plan_file), *words]
    return CliRunner().invoke(cli, command, standalone_mode=False, catch_exceptions=False).stdout


def test_it_says_what_holds_who_wrote_it_and_how_far_it_reached(plan_file: Path) -> None:
    said = typed(plan_file)
    assert said.count("2 records, the chain holds") == 2
    assert "from record 0 by ana@host, SHA256:" in said
    assert "this place" in said
    assert "the lease: a head of 2 records" in said


def test_as_json_it_says_the_same(plan_file: Path) -> None:
    said = json.loads(typed(plan_file, "--output", "json"))
    assert [copy["records"] for copy in said["copies"]] == [2, 2]
    [owner] = said["owners"]
    assert (owner["first"], owner["operator"], owner["this_place"]) == (0, "ana@host", True)
    assert owner["vouched_for_by"] == []
    assert {head["seen"] for head in said["heads"]} == {"the lease", "this machine"}
    assert said["damage"] == []


def test_damage_ends_it_with_its_place(plan_file: Path) -> None:
    file = plan_file.parent / ".drkit" / "runs" / RUN / "journal.jsonl"
    file.write_bytes(file.read_bytes().replace(b"ana@host", b"eve@host"))
    with pytest.raises(JournalDamaged, match=r"journal\.jsonl:1"):
        typed(plan_file)
