"""Graphs of steps without a plan behind them: for the engine, which knows no plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

from drkit.model.step import GateWork, PlaybookWork, Step, Work
from drkit.planning.graph import Graph


def step(
    name: str,
    needs: Iterable[str] = (),
    *,
    gate: bool = False,
    seconds: float = 1,
    tries: int = 1,
) -> Step:
    work: Work = GateWork(role="lead") if gate else PlaybookWork(playbook=name, hosts="all")
    return Step(
        id=name,
        work=work,
        needs=tuple(needs),
        owner="sre",
        budget=timedelta(seconds=seconds),
        limit=timedelta(minutes=5),
        tries=tries,
    )


def graph(*steps: Step, processes: Mapping[str, tuple[str, ...]] | None = None) -> Graph:
    """``steps`` in the order given, which must be topological."""
    waiting = processes or {}
    return Graph({s.id: s for s in steps}, {s.id: waiting.get(s.id, ()) for s in steps})


def descendants(of: Graph, name: str) -> set[str]:
    return {other for other in of.steps if name in of.ancestors(other)}
