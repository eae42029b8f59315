"""``drkit simulate``: what a rebuild would come to, many times over, without touching anything."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from drkit.cli import completion
from drkit.cli.options import Duration, output_option, plan_option
from drkit.errors import ConfigurationError, UsageError
from drkit.model.outcome import State
from drkit.model.quantities import format_duration

if TYPE_CHECKING:
    from drkit.adapters.simulated import How
    from drkit.model.plan import Plan
    from drkit.simulating import ProcessTimes, Scenario, Simulated


@click.command()
@click.option(
    "--region", required=True, shell_complete=completion.regions, help="The site to build."
)
@plan_option
@click.option(
    "--fail",
    multiple=True,
    metavar="STEP[:HOW]",
    help="Let a step go wrong: failed (the default), once, unknown, timeout, slow. Repeatable.",
)
@click.option(
    "--times",
    type=click.IntRange(1, 100_000),
    default=200,
    show_default=True,
    help="How many rebuilds to simulate.",
)
@click.option(
    "--person", type=Duration(), default="5m", show_default=True, help="To answer a gate."
)
@click.option(
    "--noticed", type=Duration(), default="0s", show_default=True, help="Loss to command."
)
@click.option("--max-parallel", type=click.IntRange(1, 64), default=8, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="Another draw of durations.")
@output_option
def simulate(region: str, plan_file: Path, output: str, **options: object) -> int:
    """Simulate the rebuild of REGION: the same engine, with tools that only last.

    Durations come from earlier runs on this machine, else from budgets. Says for each process how
    long it would be down, and how often it would keep its RTO. Of a warm site, what its standby has
    done takes no time, as the runs on this machine tell. Touches nothing, asks no cloud.
    """
    from drkit.adapters.plan_yaml import load_plan
    from drkit.adapters.standing_here import head_start_here

    plan = load_plan(plan_file)
    _must_be_sound(plan, region)
    head_start = head_start_here(plan, region)
    scenario = _scenario(options, head_start.done if head_start else ())
    done = _simulated(plan, scenario)
    if output == "json":
        standby = head_start.as_json() if head_start else None
        click.echo(json.dumps(_as_json(done) | {"standby": standby}, indent=1))
    else:
        more = head_start.lines() if head_start else ()
        click.echo("\n".join([_as_text(done, scenario), *more]))
    return 0


def _must_be_sound(plan: Plan, region: str) -> None:
    from drkit.adapters.plan_yaml import files_of
    from drkit.planning.problems import run_problems

    if problems := run_problems(plan, exists=files_of(plan), region=region, mode=None):
        raise ConfigurationError("the plan cannot be run as it stands", problems=problems)


def _scenario(options: Mapping[str, object], done: Sequence[str]) -> Scenario:
    from drkit.simulating import Scenario

    given = dict(options)
    fail = given.pop("fail")
    faults = _faults(fail if isinstance(fail, tuple) else ())
    return Scenario(faults=faults, done=frozenset(done), **given)  # type: ignore[arg-type]


def _faults(given: tuple[str, ...]) -> dict[str, How]:
    from drkit.adapters.simulated import How

    found = {}
    for entry in given:
        step, _, how = entry.partition(":")
        if how and how not in list(How):
            raise UsageError(f"--fail {entry}: `{how}` is none of {', '.join(How)}")
        found[step] = How(how or "failed")
    return found


def _simulated(plan: Plan, scenario: Scenario) -> Simulated:
    from drkit.adapters.runs_folder import RunsFolder
    from drkit.model.step import RunKind
    from drkit.reporting.expected import history_of
    from drkit.simulating import simulate

    earlier = RunsFolder(plan.root).all_of(RunKind.REBUILD)
    try:
        return simulate(plan, history_of(earlier), scenario)
    except KeyError as error:
        raise UsageError(
            f"--fail: no step of this plan is {', '.join(map(str, error.args))}",
            remedy="`drkit plan` lists the steps",
        ) from error


def _as_text(done: Simulated, scenario: Scenario) -> str:
    from drkit.adapters.table import aligned
    from drkit.reporting.headline import names

    rows = [("process", "RTO", "P50", "P95", "within RTO")]
    rows += [_row(name, times, done.times) for name, times in done.processes.items()]
    broken = [line for name, times in done.steps.items() if (line := _broken(name, times.states))]
    not_run = [name for name, times in done.steps.items() if State.NOT_RUN in times.states]
    if not_run:
        broken.append(f"not run for that: {names(tuple(not_run))}")
    return "\n".join(
        [
            f"{done.times} simulated rebuilds; nothing was touched",
            "",
            *aligned(rows),
            "",
            f"critical path: {' → '.join(done.critical_path)}",
            *broken,
            "",
            f"Durations: {done.seen} of {len(done.steps)} steps as in earlier runs here"
            f"{f', {stand} stand already' if (stand := len(scenario.done)) else ''}; the others"
            " are drawn around their budgets (lognormal, sigma 0.3), 5s where a step has none.",
            f"A person answers a gate after about {format_duration(scenario.person)}; the command"
            f" is given {format_duration(scenario.noticed)} after the loss.",
        ]
    )


def _row(name: str, times: ProcessTimes, of: int) -> tuple[str, str, str, str, str]:
    back = "" if times.live == of else f" (back in {times.live} of {of})"
    return (
        name,
        format_duration(times.rto),
        _duration(times.p50),
        _duration(times.p95),
        f"{times.within:.0%}{back}",
    )


def _broken(name: str, states: Mapping[State, int]) -> str:
    """How often a step itself went wrong; empty for one that only was not run."""
    well = {State.DONE, State.NOT_RUN}
    bad = [f"{state} {count}×" for state, count in states.items() if state not in well]
    return f"{name}: {', '.join(bad)}" if bad else ""


def _duration(value: timedelta | None) -> str:
    return format_duration(value) if value is not None else "never"


def _as_json(done: Simulated) -> dict[str, object]:
    def seconds(value: timedelta | None) -> float | None:
        return round(value.total_seconds(), 3) if value is not None else None

    return {
        "version": 1,
        "times": done.times,
        "critical_path": list(done.critical_path),
        "processes": {
            name: {
                "rto_seconds": seconds(times.rto),
                "p50_seconds": seconds(times.p50),
                "p95_seconds": seconds(times.p95),
                "back": times.live,
                "within_rto": times.within,
            }
            for name, times in done.processes.items()
        },
        "steps": {
            name: {
                "median_end_seconds": seconds(times.median),
                "source": times.source,
                "states": {str(state): count for state, count in times.states.items()},
            }
            for name, times in done.steps.items()
        },
    }
