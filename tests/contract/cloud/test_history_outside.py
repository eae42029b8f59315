"""``drkit history``, of runs that this machine, the outside, or both know."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from moto.moto_api._internal.models import moto_api_backend

from drkit.cli import cli
from drkit.cli.history import _Journals
from drkit.errors import JournalDamaged
from drkit.model.plan import Plan
from drkit.model.step import RunKind
from drkit.planning.graph import build_graph
from drkit.ports import World
from tests.contract.cloud.opened import Write
from tests.contract.cloud.places import BEGUN, ENDED, OVER, RUN, Place
from tests.unit.reporting.simulated_runs import began


@pytest.fixture
def plan(shop: Write, world: World) -> Plan:
    """The plan of a shop that has one run, known here and outside."""
    made = shop()
    place = Place(world, made, "")
    start = began(made, build_graph(made, RunKind.REBUILD), run=RUN)
    place.record(start, BEGUN, ENDED, OVER)
    return made


def typed(plan: Plan, *words: str) -> Result:
    command = ["history", *words, "--plan", str(plan.root / "drkit.yaml")]
    return CliRunner().invoke(cli, command, standalone_mode=False, catch_exceptions=False)


def stands(plan: Plan) -> list[tuple[str, str]]:
    made = json.loads(typed(plan, "--output", "json").stdout)
    assert made["outside"]
    return [(run["id"], run["stand"]) for run in made["runs"]]


def test_a_run_that_only_the_outside_knows_is_shown(plan: Plan) -> None:
    shutil.rmtree(plan.root / ".drkit" / "runs")
    assert stands(plan) == [(RUN, "finished")]


def test_a_run_that_both_know_is_shown_once(plan: Plan) -> None:
    assert stands(plan) == [(RUN, "finished")]


def test_of_a_run_that_was_carried_on_elsewhere_the_longer_copy_counts(plan: Plan) -> None:
    file = journal(plan)
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:2]))
    assert stands(plan) == [(RUN, "finished")]


def test_where_the_outside_does_not_answer_what_is_here_is_shown(plan: Plan) -> None:
    sandbox = plan.root / "sandbox.json"
    state = json.loads(sandbox.read_text())
    for region in state["regions"].values():
        region["endpoint"] = "http://127.0.0.1:9"
    sandbox.write_text(json.dumps(state))
    result = typed(plan)
    assert result.stderr.startswith("what is outside cannot be asked: here are the runs of this")
    assert result.stdout.splitlines()[1].startswith(RUN)


def test_a_run_whose_site_is_in_the_plan_no_more_is_shown_as_it_is_here(plan: Plan) -> None:
    gone = RUN.replace("eu-central-1", "eu-north-9")
    journal(plan).parent.rename(plan.root / ".drkit" / "runs" / gone)
    assert stands(plan) == [(RUN, "finished")] * 2, "by its journal, and as the outside has it"


def test_where_the_outside_falls_silent_meanwhile_what_only_it_knows_is_named(plan: Plan) -> None:
    shutil.rmtree(plan.root / ".drkit" / "runs")
    journals = _Journals(plan.root / "drkit.yaml")
    assert journals.names() == (RUN,)
    moto_api_backend.reset()
    with pytest.raises(JournalDamaged, match="known outside only, and that cannot be asked"):
        journals.records(RUN)
    assert journals.alone


def journal(plan: Plan) -> Path:
    return plan.root / ".drkit" / "runs" / RUN / "journal.jsonl"
