"""``drkit plan``: prints the plan as steps, or all that is wrong with it; touches nothing."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from drkit.adapters.digests import digest_of
from drkit.adapters.journal_file import JournalFile
from drkit.adapters.runs_folder import RunsFolder
from drkit.cli import cli
from drkit.errors import ConfigurationError, UsageError
from drkit.model.outcome import Outcome, State
from drkit.model.record import RunBegan, StepEnded, StepStarted, Target
from drkit.model.step import RunKind
from drkit.planning.graph import build_graph
from tests.fakes.clock import START
from tests.fakes.documents import DOCUMENT, document, plan_at, write_plan

FILES = (
    "stacks/compute/Pulumi.yaml",
    "playbooks/storefront.yml",
    "playbooks/release-archiving.yml",
    "playbooks/open.yml",
    "checks/buy.py",
)

SITES = DOCUMENT["sites"]


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


def names_a_host(shop: Path, host: str) -> None:
    (shop.parent / "playbooks" / "storefront.yml").write_text(f"# theirs\nimage: {host}/app:1\n")


def test_all_that_the_run_touches_is_listed_with_its_region(shop: Path) -> None:
    names_a_host(shop, "registry.eu-north-1.example.com")
    output = run(shop, "--region", "eu-central-1").output
    rows = [line.split() for line in output[output.index("What it touches") :].splitlines()]
    assert ["eu-north-1", "bucket", "s3://corner-dr", "outside.state"] in rows
    assert [
        "eu-north-1",
        "endpoint",
        "registry.eu-north-1.example.com",
        "playbooks/storefront.yml:2",
    ] in rows
    assert "Nothing of it is known to lie in eu-west-3." in output


def test_the_json_has_the_same_list(shop: Path) -> None:
    made = json.loads(run(shop, "--region", "eu-central-1", "--output", "json").stdout)
    assert made["counts_as_lost"] == ["eu-west-3"]
    assert {"region": "global", "kind": "name", "name": "corner.example", "place": "dns.name"} in (
        made["touches"]
    )


def test_without_a_site_there_is_no_list(shop: Path) -> None:
    assert "touches" not in run(shop).output
    assert "touches" not in json.loads(run(shop, "--output", "json").stdout)


def test_what_lies_in_another_sites_region_is_refused_with_file_and_line(shop: Path) -> None:
    names_a_host(shop, "registry.eu-west-3.example.com")
    result = run(shop, "--region", "eu-central-1")
    assert isinstance(result.exception, ConfigurationError)
    [problem] = result.exception.problems
    assert problem.place == "playbooks/storefront.yml:2"
    assert "registry.eu-west-3.example.com lies in eu-west-3" in problem.message
    names_a_host(shop, "registry.eu-central-1.example.com")
    assert run(shop, "--region", "eu-central-1").exit_code == 0


def test_a_file_that_is_no_text_names_nothing(shop: Path) -> None:
    named = b"\xff\xfe registry.eu-west-3.example.com"
    (shop.parent / "stacks" / "compute" / "logo.png").write_bytes(named)
    assert run(shop, "--region", "eu-central-1").exit_code == 0


def test_the_region_that_failed_can_be_named(shop: Path) -> None:
    result = run(shop, "--region", "eu-central-1", "--failed", "eu-north-1")
    assert isinstance(result.exception, ConfigurationError)
    assert "outside.state" in {problem.name for problem in result.exception.problems}
    names_a_host(shop, "registry.eu-west-3.example.com")
    elsewhere = run(shop, "--region", "eu-central-1", "--failed", "us-east-1")
    assert "known to lie in us-east-1" in elsewhere.output


@pytest.mark.parametrize(
    ("failed", "remedy"),
    [
        ("eu-central-1", "the one that is lost"),
        ("eu-wset-3", "did you mean `eu-west-3`"),
        ("paris", "as in eu-west-3"),
        ("here", "as in eu-west-3"),
    ],
)
def test_a_failed_region_that_cannot_be_is_refused(shop: Path, failed: str, remedy: str) -> None:
    result = run(shop, "--region", "eu-central-1", "--failed", failed)
    assert isinstance(result.exception, UsageError)
    assert remedy in result.exception.remedy


def test_a_failed_region_of_no_rebuild_is_refused(shop: Path) -> None:
    assert isinstance(run(shop, "--failed", "eu-west-3").exception, UsageError)


WARM = {"eu-central-1": {**SITES["eu-central-1"], "tier": "warm"}}


@pytest.fixture
def warm(shop: Path) -> Path:
    return write_plan(shop.parent, sites={**SITES, **WARM})


def a_run(shop: Path, kind: RunKind, *, step: str = "compute", at: datetime = START) -> str:
    """A run on this machine of which ``step`` is done, with the files of now."""
    plan = plan_at(shop.parent, sites={**SITES, **WARM})
    graph, runs, region = build_graph(plan, kind), RunsFolder(plan.root), "eu-central-1"
    run = runs.new(kind, region, at)
    digest = digest_of(plan.root, graph.steps[step])
    with JournalFile(runs.journal(run), now=lambda: START) as journal:
        journal.append(
            RunBegan(
                run=run,
                kind=kind,
                target=Target(shop="corner", region=region, generation=1),
                plan=plan.source,
                steps=graph.planned(),
                versions={},
                operator="ana@x",
                serving_before="eu-west-3.g1",
            ),
            StepStarted(step=step, number=1, digest=digest, log=""),
            StepEnded(
                step=step, number=1, outcome=Outcome(state=State.DONE), elapsed=START - START
            ),
        )
    return run


def planned(path: Path) -> tuple[str, dict[str, Any]]:
    site = ("--region", "eu-central-1")
    return run(path, *site).output, json.loads(run(path, *site, "--output", "json").stdout)


def test_of_a_cold_site_nothing_is_said_of_a_standby(shop: Path) -> None:
    text, made = planned(shop)
    assert "standby" not in text
    assert made["standby"] is None


def test_a_warm_site_without_a_standby_is_cold(warm: Path) -> None:
    text, made = planned(warm)
    assert "cold: no standby is there (as the runs on this machine tell)" in text
    assert "`drkit standby --region eu-central-1`" in text
    assert made["standby"]["standing"] is None
    assert made["critical_path"][0] == "compute"


def test_what_a_standby_has_done_is_done_and_takes_no_time(warm: Path) -> None:
    _, cold = planned(warm)
    by = a_run(warm, RunKind.STANDBY)
    text, made = planned(warm)
    assert "✓ compute" in text
    assert by in text
    assert "that time is not counted" in text
    assert (made["standby"]["standing"], made["standby"]["done"]) == (
        "eu-central-1.g1",
        ["compute"],
    )
    assert "compute" not in made["critical_path"]
    sales, before = (each["processes"]["sales"]["by_budget_seconds"] for each in (made, cold))
    [spared] = [s["start_seconds"] for s in cold["steps"] if s["needs"] == ["compute"]][:1]
    assert sales == before - spared


def test_what_its_stack_was_changed_after_is_not_done(warm: Path) -> None:
    a_run(warm, RunKind.STANDBY)
    (warm.parent / "stacks/compute/Pulumi.yaml").write_text("name: another\n")
    text, made = planned(warm)
    assert made["standby"]["done"] == []
    assert "not done, or of other files: compute" in text


def test_what_was_opened_stands_by_no_more(warm: Path) -> None:
    a_run(warm, RunKind.STANDBY)
    epoch = next(
        step.id
        for step in build_graph(plan_at(warm.parent), RunKind.REBUILD).steps.values()
        if step.kind == "epoch"
    )
    a_run(warm, RunKind.REBUILD, step=epoch, at=START + timedelta(hours=1))
    assert planned(warm)[1]["standby"]["standing"] is None


def test_of_a_damaged_journal_nothing_is_taken_for_standing(warm: Path) -> None:
    by = a_run(warm, RunKind.STANDBY)
    journal = RunsFolder(warm.parent).journal(by)
    journal.write_text(journal.read_text().replace("ana@x", "bo@x"))
    assert planned(warm)[1]["standby"]["standing"] is None


def test_a_simulation_counts_it_too(warm: Path) -> None:
    a_run(warm, RunKind.STANDBY)
    asked = ["simulate", "--plan", str(warm), "--region", "eu-central-1", "--times", "5"]
    text = CliRunner().invoke(cli, asked).output
    assert "warm: eu-central-1.g1 stands by" in text
    assert "1 stand already" in text
    made = json.loads(CliRunner().invoke(cli, [*asked, "--output", "json"]).stdout)
    assert made["steps"]["compute"]["source"] == "stands"
    assert "compute" not in made["critical_path"]
