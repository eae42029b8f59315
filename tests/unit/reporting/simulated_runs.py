"""Journals that the engine itself writes, in no time: any graph, any durations, any bound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from hypothesis import strategies as st

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
from drkit.model.plan import Plan
from drkit.model.record import IncidentBegan, Record, RunBegan, Target
from drkit.model.step import RunKind
from drkit.planning.graph import Graph, build_graph
from drkit.planning.order import priorities
from drkit.ports import Observers
from drkit.reporting.expected import Expectations, Expected, Source
from tests.fakes import plans
from tests.unit.planning.shapes import shapes

RTO = timedelta(minutes=10)
PERSON = timedelta(seconds=37.5)
"""No step ends at the moment that a gate is answered: the engine would start other work first, and
ask only then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A run to be: its plan, how long each step takes, and how many run side by side."""

    plan: Plan
    lasts: Mapping[str, timedelta]
    bound: int
    faults: Mapping[str, How] = field(default_factory=dict)

    @property
    def graph(self) -> Graph:
        return build_graph(self.plan, RunKind.REBUILD)

    def expectations(self, *, bound: int | None) -> Expectations:
        """Exactly what will be."""
        steps = {
            name: Expected(lasts=lasts, source=Source.EARLIER, tries=1)
            for name, lasts in self.lasts.items()
        }
        return Expectations(steps=steps, bound=bound)


@st.composite
def scripts(draw: st.DrawFn) -> Script:
    """Services that need each other in any way, each of a process, with a gate and a cutover."""
    shape = draw(shapes(most=6))
    goals = {f"p-{n}": draw(st.integers(1, 4)) for n in shape.needs}
    plan = plans.plan(
        stores={},
        services={name: plans.service(name, *needs) for name, needs in shape.needs.items()},
        processes={
            name: plans.process(name, name.removeprefix("p-"), rto=hours * RTO)
            for name, hours in goals.items()
        },
    )
    plan = plan_with_gate(plan)
    steps = build_graph(plan, RunKind.REBUILD).steps
    lasts = {
        name: PERSON if step.kind == "gate" else timedelta(seconds=draw(st.integers(1, 200)))
        for name, step in steps.items()
    }
    return Script(plan=plan, lasts=lasts, bound=draw(st.integers(1, 6)))


def plan_with_gate(plan: Plan) -> Plan:
    """``plan`` with a gate that waits for every proof, and a cutover behind it."""
    proofs = tuple(f"proof.{name}" for name in plan.processes)
    steps = plans.steps(
        plans.entry("consent", gate="lead", after=proofs),
        plans.entry("cutover", cutover="dns", after=("consent",)),
    )
    parts = {name: getattr(plan, name) for name in ("stores", "services", "processes", "stacks")}
    return plans.plan(**parts, steps=steps)


def run(script: Script) -> tuple[Record, ...]:
    """The whole journal of ``script``, its customers lost two minutes before it began."""
    graph, clock = script.graph, SimulatedClock()
    attempts = SimulatedAttempts(clock, lambda step: script.lasts[step.id], script.faults)
    journal = MemoryJournal(clock)
    lost = BEGINNING - timedelta(minutes=2)
    journal.append(began(script.plan, graph), IncidentBegan(start=lost, source="probe"))
    hands = Hands(
        journal=journal,
        attempts=attempts,
        consent=SimulatedPerson(clock, attempts, lambda step: script.lasts[step.id]),
        observer=Observers([]),
        clock=clock,
        stop=lambda: Stop.NO,
        may_wait=True,
    )
    pass_ = Pass(graph=graph, priority=priorities(graph, script.plan), max_parallel=script.bound)
    run_steps(pass_, hands)
    return journal.records()


def began(
    plan: Plan, graph: Graph, *, run: str = "20000101-000000-rebuild-eu-central-1"
) -> RunBegan:
    return RunBegan(
        run=run,
        kind=RunKind.REBUILD,
        target=Target(shop=plan.shop, region="eu-central-1", generation=1),
        plan={
            "currency": plan.currency,
            "processes": {
                name: {
                    "rto": f"{int(process.rto.total_seconds())}s",
                    "rpo": "1h",
                    "impact": f"{process.impact.per_day.cents // 100}/day",
                }
                for name, process in plan.processes.items()
            },
        },
        steps=graph.planned(),
        versions={},
        operator="ana@laptop",
        serving_before="eu-west-3.g1",
    )
