"""What a rebuild would come to, many times over, before there is need for one.

The same graph, engine and decisions as a run, with tools that only last. How long a step lasts is
drawn from its tries in earlier runs; where there are none, around its budget. Nothing is touched,
no cloud is asked.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from drkit.adapters.simulated import (
    BEGINNING,
    How,
    MemoryJournal,
    SimulatedAttempts,
    SimulatedClock,
    SimulatedPerson,
)
from drkit.engine.decide import Pass
from drkit.engine.loop import Hands, Stop, run_steps
from drkit.model.outcome import State
from drkit.model.plan import Plan
from drkit.model.record import GateAnswered, GateOverdue, Record, StepEnded
from drkit.model.step import GateWork, RunKind, Step, WaitWork, last_proof
from drkit.planning.graph import Graph, build_graph
from drkit.planning.order import NO_TIME, expected, path_without, priorities
from drkit.ports import Observers
from drkit.reporting.expected import PERSON, History, median

SPREAD = 0.3
"""Of a step that was never run: the sigma of the lognormal around its budget; 9 of 10 draws lie
between 0.6 and 1.6 times the budget. An assumption, named in every output."""

STANDS = "stands"
"""The source of a step that a standby has done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What is to be simulated."""

    times: int = 200
    max_parallel: int = 8
    seed: int = 1
    faults: Mapping[str, How]
    person: timedelta = PERSON
    """How long a gate waits for its answer."""
    noticed: timedelta = timedelta(0)
    """From the loss to the command."""
    done: frozenset[str] = frozenset()
    """Steps that a standby has done: they take no time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTimes:
    """A step over all simulations: seconds from the command to its end where it was done."""

    median: timedelta | None
    source: str
    """``4 runs``, ``budget``, ``nominal`` for a step that has neither, or ``stands``."""
    states: Mapping[State, int]
    """How it ended, how often; a step that nothing let begin is ``not run``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessTimes:
    """How long a process would be down: from the loss to its proof by the public name."""

    rto: timedelta
    live: int
    """In how many simulations it came back at all."""
    p50: timedelta | None
    p95: timedelta | None
    within: float
    """In which share of all simulations it was back within its RTO."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    times: int
    steps: Mapping[str, StepTimes]
    processes: Mapping[str, ProcessTimes]
    critical_path: tuple[str, ...]
    """By the median times of the steps."""

    @property
    def seen(self) -> int:
        """How many steps were taken to last as in earlier runs, and not as budgeted."""
        return sum(times.source.endswith("earlier") for times in self.steps.values())


def simulate(plan: Plan, history: History, scenario: Scenario) -> Simulated:
    """Run the rebuild of ``plan`` ``scenario.times`` times. The same input gives the same result.

    Raises ConfigurationError for a plan that has no graph, KeyError for a fault of no step.
    """
    graph = build_graph(plan, RunKind.REBUILD)
    unknown = scenario.faults.keys() - graph.steps.keys()
    if unknown:
        raise KeyError(*sorted(unknown))
    chance = random.Random(scenario.seed)
    pass_ = Pass(graph=graph, priority=priorities(graph, plan), max_parallel=scenario.max_parallel)
    lasts = _draws(graph, history, scenario.done, chance)
    runs = [_once(pass_, lasts, scenario, chance) for _ in range(scenario.times)]
    return _summed_up(plan, graph, history, scenario, runs)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One simulation: when each step ended, since the command, and how."""

    ends: Mapping[str, timedelta]
    states: Mapping[str, State]


def _draws(
    graph: Graph, history: History, done: Collection[str], chance: random.Random
) -> Callable[[Step], timedelta]:
    """How long a step lasts, drawn anew for each try."""
    times = expected(graph)

    def lasts(step: Step) -> timedelta:
        if step.id in done:
            return NO_TIME
        if isinstance(step.work, WaitWork):
            return step.work.duration
        if seen := history.get(step.id):
            return chance.choice(seen)
        return times[step.id] * chance.lognormvariate(0, SPREAD)

    return lasts


def _once(
    pass_: Pass, lasts: Callable[[Step], timedelta], scenario: Scenario, chance: random.Random
) -> _Run:
    clock = SimulatedClock()
    attempts = SimulatedAttempts(clock, lasts, scenario.faults)
    journal = MemoryJournal(clock)

    def takes(_: Step) -> timedelta:
        return scenario.person * chance.lognormvariate(0, SPREAD)

    hands = Hands(
        journal=journal,
        attempts=attempts,
        consent=SimulatedPerson(clock, attempts, takes),
        observer=Observers([]),
        clock=clock,
        stop=lambda: Stop.NO,
        may_wait=True,
        pause=lambda made: timedelta(seconds=min(60, 2**made) * chance.random()),
    )
    run_steps(pass_, hands)
    return _read(journal.records())


def _read(records: Iterable[Record]) -> _Run:
    ends: dict[str, timedelta] = {}
    states: dict[str, State] = {}
    for record in records:
        match record.body:
            case StepEnded(step=step, outcome=outcome):
                states[step], ends[step] = outcome.state, record.at - BEGINNING
            case GateAnswered(step=step):
                states[step], ends[step] = State.DONE, record.at - BEGINNING
            case GateOverdue(step=step, asks=None):
                states[step], ends[step] = State.REFUSED, record.at - BEGINNING
            case _:
                pass
    return _Run(ends=ends, states=states)


def _summed_up(
    plan: Plan, graph: Graph, history: History, scenario: Scenario, runs: Sequence[_Run]
) -> Simulated:
    steps = {
        name: StepTimes(
            median=median(run.ends[name] for run in runs if run.states.get(name) is State.DONE),
            source=STANDS if name in scenario.done else _source(graph.steps[name], history),
            states=Counter(run.states.get(name, State.NOT_RUN) for run in runs),
        )
        for name in graph.steps
    }
    processes = {}
    for process in plan.processes.values():
        live = last_proof(process.name, graph.steps)
        downs = [
            run.ends[live] + scenario.noticed for run in runs if run.states.get(live) is State.DONE
        ]
        processes[process.name] = ProcessTimes(
            rto=process.rto,
            live=len(downs),
            p50=_quantile(downs, 50),
            p95=_quantile(downs, 95),
            within=sum(down <= process.rto for down in downs) / len(runs),
        )
    times = expected(graph)
    lasting = times | {
        name: median(seen) or times[name] for name, seen in history.items() if name in graph.steps
    }
    return Simulated(
        times=len(runs),
        steps=steps,
        processes=processes,
        critical_path=tuple(path_without(graph, lasting, scenario.done)),
    )


def _source(step: Step, history: History) -> str:
    if isinstance(step.work, WaitWork):
        return "waits"
    if isinstance(step.work, GateWork):
        return "a person"
    if seen := history.get(step.id):
        return f"{len(seen)} earlier"
    return "budget" if step.budget else "nominal"


def _quantile(values: Sequence[timedelta], percent: int) -> timedelta | None:
    """The smallest value that ``percent`` of all do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[-(-len(ordered) * percent // 100) - 1] if ordered else None
