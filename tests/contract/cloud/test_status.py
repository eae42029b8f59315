"""`drkit status` and `drkit watch`, of runs that this cloud and this machine know."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from click.testing import CliRunner, Result

from drkit.adapters.journal_file import JournalFile
from drkit.adapters.runs_folder import RunsFolder
from drkit.cli import cli
from drkit.model.outcome import Outcome, State
from drkit.model.plan import Plan
from drkit.model.record import Body, IncidentBegan, RunResumed, StepEnded, StepStarted
from drkit.model.step import RunKind
from drkit.planning.graph import build_graph
from drkit.ports import World
from tests.contract.cloud.opened import Write
from tests.unit.reporting.simulated_runs import began

COMPUTE = timedelta(minutes=7)
DONE = Outcome(state=State.DONE)
BEGUN = StepStarted(step="compute", number=1, digest="", log="")


def left(plan: Plan, *bodies: Body, ago: timedelta) -> str:
    """A rebuild of this plan that came so far; its journal is on this machine."""
    runs, moment = RunsFolder(plan.root), datetime.now(UTC) - ago
    run = runs.new(RunKind.REBUILD, "eu-central-1", moment)
    with JournalFile(runs.journal(run), now=lambda: moment) as journal:
        start = began(plan, build_graph(plan, RunKind.REBUILD), run=run)
        journal.append(start, IncidentBegan(start=moment, source="since"), *bodies)
    return run


def asked(plan: Plan, *words: str) -> Result:
    result = CliRunner().invoke(cli, [*words, "--plan", str(plan.root / "drkit.yaml")])
    assert result.exit_code == 0, result.output
    return result


def test_status_says_when_each_process_is_back_by_what_earlier_runs_took(
    shop: Write, world: World
) -> None:
    plan = shop()
    ended = StepEnded(step="compute", number=1, outcome=DONE, elapsed=COMPUTE)
    left(plan, BEGUN, ended, ago=timedelta(days=1))
    run = left(plan, ago=timedelta(minutes=3))
    made = json.loads(asked(plan, "status", run, "--output", "json").stdout)["forecast"]
    assert made["steps_left"]["earlier runs"] == 1
    [sales] = made["processes"]
    compute = next(step for step in sales["path"] if step["step"] == "compute")
    assert compute["seconds"] == COMPUTE.total_seconds()
    assert sales["rto_until"] > sales["back_at"] > made["at"]
    text = asked(plan, "status", run).stdout
    assert "sales          expected back at " in text
    assert "steps: 1 as in earlier runs" in text


def test_status_of_a_run_that_nobody_works_on_says_so(shop: Write, world: World) -> None:
    plan = shop()
    run = left(plan, BEGUN, ago=timedelta(minutes=3))
    assert "true if it is carried on with now" in asked(plan, "status", run).stdout


def test_watching_a_run_that_nobody_works_on_tells_it_and_ends(shop: Write, world: World) -> None:
    plan = shop()
    run = left(plan, BEGUN, ago=timedelta(minutes=3))
    watched = asked(plan, "watch", run)
    assert "▶ compute" in watched.stderr
    assert watched.stdout == f"{run}: broken off\n"


def test_status_reckons_with_the_bound_of_whoever_works_on_it(shop: Write, world: World) -> None:
    plan = shop()
    again = RunResumed(operator="bo@desk", pid=2, max_parallel=3, given=("consent",))
    run = left(plan, again, ago=timedelta(minutes=3))
    made = json.loads(asked(plan, "status", run, "--output", "json").stdout)["forecast"]
    assert made["max_parallel"] == 3
    assert "person" not in made["steps_left"]
    assert "as if all could run side by side" not in asked(plan, "status", run).stdout
