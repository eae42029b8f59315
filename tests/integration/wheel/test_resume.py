"""`drkit resume RUN`: that run and no other, by the plan that it began with."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.integration.wheel.bakery import REGION
from tests.integration.wheel.conftest import Installed
from tests.integration.wheel.test_failures import deployed, spoil, states, tries

Resume = Callable[[Installed, str], tuple[int, str, str]]


@pytest.fixture
def resume() -> Resume:
    def of(shop: Installed, run: str) -> tuple[int, str, str]:
        said = shop.drkit("resume", run, "--output", "json")
        return said.returncode, said.stdout, said.stderr

    return of


def test_a_run_that_failed_is_carried_on_by_its_name_once_it_is_mended(
    prepared: Installed, resume: Resume
) -> None:
    playbook = prepared.folder / "playbooks" / "bake.yml"
    right = spoil(playbook, "dest: /tmp/bread", "dest: /nowhere/bread")
    run = deployed(prepared, code=6)["run"]["id"]

    plan = prepared.folder / "drkit.yaml"
    as_it_was = plan.read_text()
    plan.write_text(as_it_was.replace("currency:", "currency: GBP #"))
    code, _, wrong = resume(prepared, run)
    assert code == 3, wrong
    assert "currency: was" in wrong
    assert "is GBP" in wrong
    assert f"drkit deploy --region {REGION}" in wrong
    listed = prepared.drkit("runs", "--output", "json")
    assert [entry["run"] for entry in json.loads(listed.stdout)["runs"]] == [run], "no other begun"

    plan.write_text(as_it_was)
    playbook.write_text(right)
    code, said, wrong = resume(prepared, run)
    assert code == 0, wrong
    report = json.loads(said)
    assert report["run"]["id"] == run
    assert set(states(report).values()) == {"done"}
    assert tries(report)["storage"] == 1

    code, _, wrong = resume(prepared, run)
    assert code == 2
    assert f"{run} cannot be carried on: it is over" in wrong


def test_a_run_is_carried_on_with_a_changed_plan_once_the_change_is_accepted(
    prepared: Installed,
) -> None:
    playbook = prepared.folder / "playbooks" / "bake.yml"
    right = spoil(playbook, "dest: /tmp/bread", "dest: /nowhere/bread")
    run = deployed(prepared, code=6)["run"]["id"]
    playbook.write_text(right)
    plan = prepared.folder / "drkit.yaml"
    more = "steps:\n  shelf: {playbook: window, hosts: oven, after: [window]}\n"
    plan.write_text(plan.read_text().replace("bakery.example", "bread.example"))
    spoil(plan, "steps:\n", more)

    accepted = ("resume", run, "--accept-plan-change", "--output", "json")
    assert prepared.drkit(*accepted).returncode == 2, "not without a reason"
    said = prepared.drkit(*accepted, "--reason", "it has a new name")
    assert said.returncode == 0, said.stderr
    assert "dns.name: was bakery.example, is bread.example" in said.stderr
    report = json.loads(said.stdout)
    assert report["run"]["id"] == run
    assert set(states(report).values()) == {"done"}
    again = {"storage": 1, "bake": 2, "window": 2, "shelf": 1, "taste": 1}
    assert tries(report) == again, "playbooks are told of the name, stacks are not"
    [change] = report["plan_changes"]
    assert (change["again"], change["reason"]) == (["window"], "it has a new name")
    assert report["plan"]["dns"]["name"] == "bread.example"

    verified = prepared.drkit("journal", "verify", run)
    assert verified.returncode == 0, verified.stderr
    assert "this place" in verified.stdout


@pytest.mark.parametrize("name", ["nonsense", "20260101-000000-deploy-us-east-1"])
def test_what_is_no_run_of_the_plan_is_refused(
    prepared: Installed, resume: Resume, name: str
) -> None:
    code, _, wrong = resume(prepared, name)
    assert code == 2
    assert f"`{name}` is no run of this plan" in wrong
    assert "drkit runs" in wrong
