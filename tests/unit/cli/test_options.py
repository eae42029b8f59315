"""What a user types: times with their zone, pairs, and the reasons that are demanded."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from drkit.cli.options import Pair, When, as_mapping
from drkit.errors import UsageError
from tests.fakes.documents import write_plan


@pytest.mark.parametrize(
    "text", ["2026-11-23T05:00:00Z", "2026-11-23T06:00:00+01:00", "2026-11-23 05:00Z"]
)
def test_a_time_is_taken_with_its_zone_as_utc(text: str) -> None:
    assert When().convert(text, None, None) == datetime(2026, 11, 23, 5, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2026-11-23T05:00:00", "05:00", "yesterday", ""])
def test_a_time_without_its_zone_is_refused_with_the_form(text: str) -> None:
    with pytest.raises(click.BadParameter, match=r"UTC|2026-11-23T05:00:00Z"):
        When().convert(text, None, None)


def test_a_pair_is_name_and_value() -> None:
    assert Pair().convert("consent=ana", None, None) == ("consent", "ana")
    assert as_mapping((("a", "1"), ("b", "2"), ("a", "3"))) == {"a": "3", "b": "2"}


@pytest.mark.parametrize("text", ["consent", "=ana", "consent=", ""])
def test_what_is_no_pair_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="NAME=VALUE"):
        Pair().convert(text, None, None)


@pytest.mark.parametrize(
    "arguments",
    [
        ["rebuild"],
        ["rebuild", "--region", "x", "--since", "yesterday"],
        ["rebuild", "--region", "x", "--consent", "ana"],
        ["rebuild", "--region", "x", "--max-parallel", "0"],
        ["rebuild", "--region", "x", "--output", "pdf"],
        ["deploy", "--region", "x", "--to", "2026-11-23T05:00:00Z"],
    ],
)
def test_wrong_usage_is_code_2(arguments: list[str]) -> None:
    from drkit.cli import cli

    assert CliRunner().invoke(cli, arguments).exit_code == 2


def test_to_leave_a_generation_behind_the_command_wants_a_reason(tmp_path: Path) -> None:
    from drkit.cli import cli

    plan = write_plan(tmp_path)
    arguments = ["rebuild", "--region", "eu-central-1", "--new-generation", "--plan", str(plan)]
    result = CliRunner().invoke(cli, arguments)
    assert isinstance(result.exception, UsageError)
    assert "to leave a generation behind needs a reason" in str(result.exception)
