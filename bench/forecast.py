"""How good a forecast is: what was expected of a rebuild against what came, played by the engine.

The reference shop's rebuild, with durations drawn around the same middle (its budgets, lognormal):
five earlier runs to learn from, then the one that counts. The error is that of the time at which
one process is back, as a share of the length of the run. Also what a forecast costs.

    python -m bench.forecast
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from bench.table import keep, load, table
from drkit.adapters.plan_yaml import load_plan
from drkit.model.plan import Plan
from drkit.model.record import Record, StepEnded
from drkit.model.step import RunKind, WaitWork
from drkit.planning.graph import Graph, build_graph
from drkit.planning.order import expected
from drkit.reporting.expected import PERSON, Expectations, expectations
from drkit.reporting.forecast import forecast
from tests.fakes import plans
from tests.unit.reporting.simulated_runs import Script, plan_with_gate, run

RUNS, EARLIER, BOUND = 60, 5, 8
SIGMAS = (0.1, 0.3, 0.5)
MOMENTS = (0.0, 0.5, 0.9)
"""Shares of the run at which a forecast is made."""
PROCESS = "payment"
SIZES = (40, 200, 1000)


def drawn(graph: Graph, sigma: float, dice: random.Random) -> dict[str, timedelta]:
    """How long each step takes this time."""
    return {
        name: middle
        if isinstance(graph.steps[name].work, WaitWork)
        else (middle or PERSON) * dice.lognormvariate(0, sigma)
        for name, middle in expected(graph).items()
    }


def errors(plan: Plan, graph: Graph, sigma: float, seed: int) -> dict[float, float]:
    """Moment → error of the forecast made then, as a share of the run; above zero: too late."""
    dice = random.Random(seed)
    history: dict[str, list[timedelta]] = {name: [] for name in graph.steps}
    for _ in range(EARLIER):
        for name, lasts in drawn(graph, sigma, dice).items():
            history[name].append(lasts)
    records = run(Script(plan=plan, lasts=drawn(graph, sigma, dice), bound=BOUND))
    made = expectations(graph, history, bound=BOUND)
    began, back = records[0].at, _back(records)
    found = {}
    for share in MOMENTS:
        now = began + (back - began) * share
        so_far = tuple(record for record in records if record.at <= now)
        told = {p.name: p.back for p in forecast(so_far, made, now).processes}
        found[share] = ((told[PROCESS] or now) - back) / (back - began)
    return found


def _back(records: tuple[Record, ...]) -> datetime:
    live = f"live.{PROCESS}"
    return next(r.at for r in records if isinstance(r.body, StepEnded) and r.body.step == live)


def summed_up(values: list[float]) -> Mapping[str, float]:
    ordered = sorted(abs(value) for value in values)
    return {
        "mean": round(statistics.mean(values), 4),
        "median error": round(statistics.median(ordered), 4),
        "95 %": round(ordered[-(-len(ordered) * 95 // 100) - 1], 4),
    }


def cost(services: int) -> float:
    """Seconds that one forecast of a run of about so many steps takes, half-way."""
    dice = random.Random(services)
    names = [f"s{number}" for number in range(services)]
    parts = {
        name: plans.service(name, *dice.sample(names[:index], min(index, 2)))
        for index, name in enumerate(names)
    }
    processes = {"p": plans.process("p", names[-1])}
    plan = plan_with_gate(plans.plan(stores={}, services=parts, processes=processes))
    steps = build_graph(plan, RunKind.REBUILD).steps
    lasts = {name: timedelta(seconds=dice.randint(1, 60)) for name in steps}
    records = run(Script(plan=plan, lasts=lasts, bound=BOUND))
    half = records[: len(records) // 2]
    began = time.perf_counter()
    forecast(half, Expectations(bound=BOUND), half[-1].at)
    return time.perf_counter() - began


def main() -> None:
    document: dict[str, object] = {"load before": load(), "runs": RUNS}
    plan = load_plan(Path("drkit.yaml"))
    graph = build_graph(plan, RunKind.REBUILD)
    rows: list[tuple[object, ...]] = [("sigma", "at", "mean", "median error", "95 %")]
    for sigma in SIGMAS:
        found = [errors(plan, graph, sigma, seed) for seed in range(RUNS)]
        for share in MOMENTS:
            sums = summed_up([one[share] for one in found])
            document[f"sigma {sigma} at {share}"] = sums
            rows.append((sigma, share, *(f"{value:.1%}" for value in sums.values())))
    print(table(rows))
    costs = {size: round(cost(size), 4) for size in SIZES}
    document["seconds of one forecast by steps"] = costs
    print(table([("steps", "seconds"), *costs.items()]))
    print(keep("forecast", document))


if __name__ == "__main__":
    main()
