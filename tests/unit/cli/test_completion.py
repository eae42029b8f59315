"""What the shell offers, asked as the shell asks."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from drkit.cli import cli
from tests.fakes.documents import write_plan


def offered(*words: str) -> list[str]:
    *before, last = words
    found = ShellComplete(cli, {}, "drkit", "_DRKIT_COMPLETE").get_completions(before, last)
    return [item.value for item in found]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_plan(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_regions_are_those_of_the_plan(shop: Path) -> None:
    assert offered("rebuild", "--region", "eu-") == ["eu-west-3", "eu-central-1"]
    assert offered("plan", "--region", "eu-c") == ["eu-central-1"]
    assert offered("history", "--region", "eu-c") == ["eu-central-1"]
    assert offered("ready", "eu-c") == ["eu-central-1"]


def test_a_consent_is_offered_with_who_may_give_it(shop: Path) -> None:
    assert offered("deploy", "--consent", "") == ["consent=ana"]


def test_runs_are_offered_newest_first(shop: Path) -> None:
    for name in ("20260101-000000-rebuild-eu-west-3", "20260102-000000-rebuild-eu-west-3"):
        journal = shop / ".drkit" / "runs" / name / "journal.jsonl"
        journal.parent.mkdir(parents=True)
        journal.touch()
    assert [name[:8] for name in offered("report", "2026")] == ["20260102", "20260101"]


def test_without_a_plan_nothing_is_offered_and_nothing_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert offered("rebuild", "--region", "") == []
    assert offered("deploy", "--consent", "") == []
    assert offered("report", "") == []


def test_commands_are_offered_by_their_beginning() -> None:
    assert offered("re") == ["ready", "rebuild", "resume", "reopen", "refuse", "reap", "report"]
    assert "--version" in offered("--")
