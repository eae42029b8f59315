"""``drkit plan``: prints the plan as steps, or all that is wrong with it; touches nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from drkit.cli import cli
from drkit.errors import ConfigurationError, UsageError
from drkit.model.step import RunKind
from drkit.planning.graph import build_graph
from tests.fakes.documents import document, plan_at, write_plan

FILES = (
    "stacks/compute/Pulumi.yaml",
    "playbooks/storefront.yml",
    "playbooks/release-archiving.yml",
    "playbooks/open.yml",
    "checks/buy.py",
)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return write_plan(tmp_path)


def run(path: Path, *more: str) -> Result:
    return CliRunner().invoke(cli, ["plan", "--plan", str(path), *more])


def test_every_step_is_shown_with_owner_and_what_it_needs(shop: Path) -> None:
    output = run(shop, "--region", "eu-central-1").output
    for name in build_graph(plan_at(shop.parent), RunKind.REBUILD).steps:
        assert f" {name} " in output
    assert "corner: a rebuild in eu-central-1" in output
    assert "● critical path" in output
    assert "sales  back after" in output


def test_the_json_holds_what_the_text_shows(shop: Path) -> None:
    made = json.loads(run(shop, "--output", "json").stdout)
    graph = build_graph(plan_at(shop.parent), RunKind.REBUILD)
    assert [step["id"] for step in made["steps"]] == list(graph.steps)
    assert made["critical_path"][-1] == "live.sales"
    assert made["processes"]["sales"]["rto_seconds"] == 7200
    starts = {step["id"]: step["start_seconds"] for step in made["steps"]}
    for step in made["steps"]:
        assert all(starts[need] <= starts[step["id"]] for need in step["needs"])


def test_what_one_person_can_do_alone_is_a_notice(shop: Path) -> None:
    assert "notice: steps.consent: one person alone" in run(shop).output
    [notice] = json.loads(run(shop, "--output", "json").stdout)["notices"]
    assert notice["place"] == "steps.consent"


def test_a_region_that_is_no_site_is_refused_with_those_there_are(shop: Path) -> None:
    result = run(shop, "--region", "eu-west-1")
    assert isinstance(result.exception, ConfigurationError)
    [problem] = result.exception.problems
    assert "eu-west-3, eu-central-1" in problem.remedy


def test_a_preview_of_no_site_is_refused(shop: Path) -> None:
    result = run(shop, "--preview")
    assert isinstance(result.exception, UsageError)
    assert "--region" in result.exception.remedy


def test_all_that_is_wrong_is_said_and_no_plan_is_shown(shop: Path) -> None:
    (shop.parent / "playbooks" / "storefront.yml").unlink()
    made = document()
    made["steps"]["consent"]["gate"] = "captain"
    result = run(write_plan(shop.parent, steps=made["steps"]))
    assert isinstance(result.exception, ConfigurationError)
    assert {problem.name for problem in result.exception.problems} == {
        "services.storefront.playbook",
        "steps.consent.gate",
    }
    assert result.stdout == ""


def test_a_plan_without_processes_can_be_shown(shop: Path) -> None:
    path = write_plan(shop.parent, processes={}, steps={})
    assert "at most" in run(path).output
