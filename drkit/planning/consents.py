"""Nothing is opened to customers without a recorded consent, given on proofs (laws 11 and 12).

Looked at twice: when the plan is checked, and on the very graph that a run is about to carry out,
because a problem that was accepted may have changed it.
"""

from __future__ import annotations

from collections.abc import Iterator

from drkit.errors import Problem
from drkit.model.plan import Plan
from drkit.model.step import GateWork
from drkit.planning.cutover import first_of_cutover
from drkit.planning.graph import Graph

_REMEDY = "add a step `consent: {gate: ROLE, after: [proof.…]}` and cut over after it"


def consent_gaps(plan: Plan, graph: Graph) -> Iterator[Problem]:
    """A cutover that nobody is asked for, or that is asked for before anything is proven."""
    cutovers = [entry.name for entry in plan.steps.values() if entry.cutover]
    if len(cutovers) > 1:
        yield Problem(
            place="steps",
            message=f"one cutover, not {', '.join(cutovers)}",
            remedy="keep one: a run sends the customers to one site",
        )
    for name in cutovers:
        # before the first part: the epoch fences the old site, and cannot be taken back
        if first_of_cutover(name) not in graph.steps:  # of a validation: it sends nobody over
            continue
        before = graph.ancestors(first_of_cutover(name))
        gates = [step for step in before if isinstance(graph.steps[step].work, GateWork)]
        if not gates:
            yield Problem(
                place=f"steps.{name}",
                message="nobody is asked before the site is opened to customers",
                remedy=_REMEDY,
            )
        elif plan.processes and not any(_proven(graph, gate) for gate in gates):
            yield Problem(
                place=f"steps.{name}",
                message=f"{', '.join(sorted(gates))} is asked before any process is proven",
                remedy=_REMEDY,
            )


def consent_risks(plan: Plan, graph: Graph) -> Iterator[Problem]:
    """What one person can do alone at a cutover: no problem, if the shop has chosen it."""
    for name in (entry.name for entry in plan.steps.values() if entry.cutover):
        gates = {}
        for step in sorted(graph.ancestors(first_of_cutover(name))):
            work = graph.steps[step].work
            if isinstance(work, GateWork):
                gates[step] = work
        several = [gate for gate in gates.values() if gate.people > 1]
        if gates and not several:
            written = any(plan.steps[gate].people is not None for gate in gates)
            roles = ", ".join(dict.fromkeys(work.role for work in gates.values()))
            yield Problem(
                place=f"steps.{', '.join(gates)}",
                message="one person alone can open the new site to customers and close the old one"
                " for good",
                remedy="`people: 2, signed: true` at the gate asks two"
                if written
                else f"give a second person the role `{roles}`: two are asked then",
            )
        elif several and not any(gate.signed for gate in several):
            yield Problem(
                place=f"steps.{', '.join(gates)}",
                message="whoever sits before the run can type the names of all who are asked",
                remedy="`signed: true` takes only what each signs with their own key",
            )


def _proven(graph: Graph, gate: str) -> bool:
    return any(name.startswith("proof.") for name in graph.ancestors(gate))
