"""``drkit plan --preview``: what Pulumi would do to a site, asked of it, and nothing done."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from drkit.cli import cli
from drkit.previewing import preview_stacks
from tests.contract.pulumi.conftest import REGION
from tests.contract.pulumi.desk import Desk, new_desk
from tests.integration.provider.cloud import Cloud

NEW = re.compile(r"([1-9]\d*) to create, 0 to update, 0 to replace, 0 to delete, (\d+) as they are")
KEPT = re.compile(r"0 to create, 0 to update, 0 to replace, 0 to delete, ([1-9]\d*) as they are")


@pytest.fixture
def desk(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return new_desk(cloud, tmp_path, monkeypatch)


def asked(desk: Desk, *options: str) -> str:
    typed = ["plan", "--plan", str(desk.file), "--region", REGION, "--preview", *options]
    answer = CliRunner().invoke(cli, typed, catch_exceptions=False)
    assert answer.exit_code == 0
    return answer.stdout


def test_where_nothing_is_up_only_what_needs_nothing_is_counted_and_nothing_is_written(
    desk: Desk,
) -> None:
    before = desk.written()
    shown = [row.partition("  [") for row in asked(desk).splitlines() if row.startswith("+")]
    found = {
        row.replace("●", "").split()[1]: preview.removesuffix("]") for row, _, preview in shown
    }
    assert NEW.fullmatch(found["network"]), found
    assert NEW.fullmatch(found["storage"]), found
    assert found["compute"] == "after network, storage"
    assert {name for name, preview in found.items() if preview} == {"network", "storage", "compute"}
    assert desk.written() == before


def test_a_stack_is_counted_once_all_that_it_needs_is_up_and_nothing_is_written(
    desk: Desk,
) -> None:
    desk.bring("network")
    made = json.loads(asked(desk, "--output", "json"))
    found = {step["id"]: step["preview"] for step in made["steps"] if step["preview"]}
    assert KEPT.fullmatch(found["network"]), found
    assert NEW.fullmatch(found["storage"]), found
    assert found["compute"] == "after storage", "only what is missing is named"
    desk.bring("storage")
    before = desk.written()
    again = preview_stacks(desk.plan, REGION)
    assert set(again) == {"network", "storage", "compute"}
    assert KEPT.fullmatch(again["storage"]), again
    assert NEW.fullmatch(again["compute"]), again
    assert desk.written() == before
