"""What fails in a run: it is named, what needs it is not run, the rest goes on, the report is
written, and the same command carries on once it is mended.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tests.integration.wheel.bakery import REGION
from tests.integration.wheel.conftest import Installed

DEPLOY = ("deploy", "--region", REGION, "--output", "json")


def deployed(shop: Installed, *, code: int) -> dict[str, Any]:
    """The report of a deployment that ends with ``code``."""
    said = shop.drkit(*DEPLOY)
    assert said.returncode == code, said.stdout + said.stderr
    report = dict(json.loads(said.stdout))
    run = shop.folder / ".drkit" / "runs" / report["run"]["id"]
    assert {f"report.{ending}" for ending in ("txt", "json", "xml", "html")} <= {
        path.name for path in run.iterdir()
    }
    return report


def states(report: dict[str, Any]) -> dict[str, str]:
    return {step["id"]: step["state"] for step in report["steps"]}


def step(report: dict[str, Any], name: str) -> dict[str, Any]:
    return next(dict(step) for step in report["steps"] if step["id"] == name)


def tries(report: dict[str, Any]) -> dict[str, int]:
    return {step["id"]: len(step["tries"]) for step in report["steps"]}


def spoil(path: Path, old: str, new: str) -> str:
    """Put a mistake into a file; the text that was right."""
    right = path.read_text()
    assert old in right
    path.write_text(right.replace(old, new))
    return right


def test_a_task_that_fails_is_named_and_the_rest_goes_on_and_the_same_command_carries_on(
    prepared: Installed,
) -> None:
    playbook = prepared.folder / "playbooks" / "bake.yml"
    right = spoil(playbook, "dest: /tmp/bread", "dest: /nowhere/bread")
    failed = deployed(prepared, code=6)
    assert states(failed) == {
        "storage": "done",
        "bake": "failed",
        "window": "done",
        "taste": "not run",
    }
    [failure] = step(failed, "bake")["failures"]
    assert (failure["host"], failure["task"]) == ("oven-1", "Bake bread")
    assert "/nowhere" in failure["message"]
    assert "bake" in failed["headline"]

    playbook.write_text(right)
    carried_on = deployed(prepared, code=0)
    assert carried_on["run"]["id"] == failed["run"]["id"]
    assert set(states(carried_on).values()) == {"done"}
    assert tries(carried_on) == {"storage": 1, "bake": 2, "window": 1, "taste": 1}


def test_a_check_that_fails_ends_with_its_own_code_and_its_words(prepared: Installed) -> None:
    check = prepared.folder / "checks" / "test_bread.py"
    right = spoil(check, "1 recipe", "2 recipes")
    failed = deployed(prepared, code=5)
    assert states(failed)["taste"] == "failed"
    assert "2 recipes" in step(failed, "taste")["failures"][0]["message"]
    check.write_text(right)
    assert tries(deployed(prepared, code=0))["taste"] == 2


def test_a_stack_that_fails_half_way_stops_what_needs_it_and_is_tried_again(
    prepared: Installed,
) -> None:
    program = prepared.folder / "stacks" / "storage" / "__main__.py"
    export, runs = 'pulumi.export("bucket", "bakery-bread")', set()
    for mistake, words in (
        ('pulumi.export("bucket", nothing)', "nothing"),
        ('raise RuntimeError("no flour left")', "no flour left"),
    ):
        right = spoil(program, export, mistake)
        failed = deployed(prepared, code=6)
        assert states(failed) == {
            "storage": "failed",
            "bake": "not run",
            "window": "not run",
            "taste": "not run",
        }
        assert words in json.dumps(step(failed, "storage")["failures"])
        program.write_text(right)
        runs.add(failed["run"]["id"])
    done = deployed(prepared, code=0)
    assert set(states(done).values()) == {"done"}
    assert runs == {done["run"]["id"]}


def test_a_host_that_is_not_the_one_whose_key_is_pinned_is_refused_by_name(
    prepared: Installed,
) -> None:
    program = prepared.folder / "stacks" / "storage" / "__main__.py"
    key = program.read_text().partition("ssh-ed25519 ")[2].partition('"')[0]
    spoil(program, key, key[:-8] + "AAAAAAAA")
    failed = deployed(prepared, code=6)
    [failure] = step(failed, "bake")["failures"]
    assert failure["host"] == "oven-1"
    assert "verification failed" in failure["message"]
    assert failure["remedy"]


def test_what_is_wrong_beforehand_touches_nothing(prepared: Installed) -> None:
    (prepared.folder / "playbooks" / "bake.yml").unlink()
    (prepared.folder / "password").write_text("wrong")
    said = prepared.drkit("deploy", "--region", "eu-west-9")
    assert said.returncode == 3
    for place in (r"drkit\.yaml:\d+ steps\.bake\.playbook", "secrets", "--region"):
        assert re.search(f"^  {place}", said.stderr, re.MULTILINE)
    assert said.stderr.count("→") >= 3, "each has a remedy"
    assert not list((prepared.folder / ".drkit").rglob("journal.jsonl"))
