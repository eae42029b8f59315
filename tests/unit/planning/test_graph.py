"""The graph of any plan: ordered, stable, and refused where it could never end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given

from drkit.errors import ConfigurationError
from drkit.model.plan import Dns, Plan, Provider, RestoreTool, Stack, StepEntry
from drkit.model.step import Mode, PlaybookWork, RunKind, StoreWork, WaitWork
from drkit.planning.graph import Graph, build_graph
from tests.fakes import plans
from tests.unit.planning.shapes import Needs, Shape, cycles, plan_of, shapes


def rebuilt(needs: Needs) -> Graph:
    return build_graph(plan_of(needs), RunKind.REBUILD)


@given(shapes())
def test_a_step_always_stands_after_all_that_it_needs(shape: Shape) -> None:
    seen: set[str] = set()
    for name, step in rebuilt(shape.needs).steps.items():
        assert set(step.needs) <= seen
        seen.add(name)
    assert seen == set(shape.needs)


@given(shapes())
def test_the_same_plan_gives_the_same_graph_in_the_same_order(shape: Shape) -> None:
    first, second = rebuilt(shape.needs), rebuilt(dict(shape.needs))
    assert list(first.steps) == list(second.steps)
    assert first == second


@given(shapes())
def test_steps_that_could_stand_in_either_order_stand_as_in_the_file(shape: Shape) -> None:
    """Of steps that need exactly the same, the one that is written first comes first."""
    order = list(rebuilt(shape.needs).steps)
    written = list(shape.needs)
    for one in written:
        for other in written[written.index(one) + 1 :]:
            if set(shape.needs[one]) == set(shape.needs[other]):
                assert order.index(one) < order.index(other)


@given(shapes())
def test_ancestors_are_exactly_what_can_be_reached_by_needs(shape: Shape) -> None:
    graph = rebuilt(shape.needs)
    for name, step in graph.steps.items():
        by_hand = set(step.needs).union(*(graph.ancestors(need) for need in step.needs))
        assert graph.ancestors(name) == by_hand
        assert name not in by_hand


@given(cycles())
def test_a_cycle_is_always_refused_and_named(case: tuple[Needs, tuple[str, ...]]) -> None:
    needs, around = case
    with pytest.raises(ConfigurationError) as refused:
        rebuilt(needs)
    [problem] = refused.value.problems
    named = problem.message.removeprefix("cycle: ").split(" → ")
    assert named[0] == named[-1]
    assert set(named) == set(around), "the cycle, and nothing that merely waits for it"
    for waiting, awaited in pairwise(named):
        assert awaited in needs[waiting]


def test_a_need_that_is_no_step_is_refused_by_name() -> None:
    with pytest.raises(ConfigurationError) as refused:
        rebuilt({"a": ("b",)})
    assert "`b`" in refused.value.problems[0].message
    assert "step a" in refused.value.problems[0].place


def test_a_deployment_creates_what_a_rebuild_restores() -> None:
    plan = plans.plan()
    modes = {}
    for kind in set(RunKind) - {RunKind.STANDBY}:
        work = build_graph(plan, kind).steps["orders-db"].work
        assert isinstance(work, StoreWork)
        modes[kind] = work.mode
    restored = (RunKind.REBUILD, RunKind.VALIDATE)
    assert modes == {RunKind.DEPLOY: Mode.CREATE, **dict.fromkeys(restored, Mode.RESTORE)}


def test_a_store_of_nothing_worth_keeping_is_made_anew_by_a_rebuild() -> None:
    orders_db = plans.plan().stores["orders-db"]
    cache = replace(orders_db, name="cache", restore=RestoreTool.REBUILD)
    stores = {"cache": cache}
    services = {
        "orders": plans.service("orders", "cache"),
        "payment": plans.service("payment", "cache"),
    }
    graph = build_graph(plans.plan(stores=stores, services=services), RunKind.REBUILD)
    work = graph.steps["cache"].work
    assert isinstance(work, StoreWork)
    assert work.mode is Mode.CREATE


def test_a_proof_waits_for_the_checks_of_all_services_behind_it() -> None:
    graph = build_graph(plans.plan(), RunKind.REBUILD)
    assert set(graph.steps["proof.payment"].needs) == {"payment", "check.orders"}


def test_a_live_proof_waits_for_the_cutover_and_for_the_proof_before_it() -> None:
    graph = build_graph(plans.plan(), RunKind.REBUILD)
    assert set(graph.steps["live.sales"].needs) == {"cutover.dns-settled", "proof.sales"}


def test_cutover_is_one_act_in_the_order_of_law_12() -> None:
    graph = build_graph(plans.plan(), RunKind.REBUILD)
    parts = ("epoch", "revoke", "fence", "archive", "open", "dns", "dns-settled")
    for before, after in pairwise(parts):
        assert graph.steps[f"cutover.{after}"].needs == (f"cutover.{before}",)
    assert graph.steps["cutover.epoch"].needs == ("consent",)
    works = [graph.steps[f"cutover.{part}"].work for part in ("archive", "open")]
    assert works == [
        PlaybookWork(playbook="release-archiving", hosts="all"),
        PlaybookWork(playbook="open", hosts="all"),
    ]


def test_nothing_is_opened_before_the_gate_in_any_order_of_the_file() -> None:
    plan = plans.plan()
    for ordered in (plan.steps, dict(reversed(list(plan.steps.items())))):
        graph = build_graph(plans.plan(steps=ordered), RunKind.REBUILD)
        for opening in ("cutover.epoch", "cutover.open", "cutover.dns"):
            assert "consent" in graph.ancestors(opening)


def test_a_step_that_waits_for_the_cutover_waits_for_all_of_it() -> None:
    protect = plans.entry("protect", playbook="first-backup", hosts="db", after=("cutover",))
    steps = {**plans.plan().steps, "protect": protect}
    graph = build_graph(plans.plan(steps=steps), RunKind.REBUILD)
    assert graph.steps["protect"].needs == ("cutover.dns-settled",)


def test_settings_of_a_step_that_exists_reach_it() -> None:
    settings = plans.entry("orders-db", owner="dba", after=("extra",))
    extra = plans.entry("extra", playbook="extra", hosts="all")
    steps = {**plans.plan().steps, "orders-db": settings, "extra": extra}
    found = build_graph(plans.plan(steps=steps), RunKind.REBUILD).steps["orders-db"]
    assert (found.owner, set(found.needs)) == ("dba", {"compute", "extra"})


def test_processes_wait_for_what_their_live_proof_needs_and_for_no_more() -> None:
    aside = {**plans.plan().stacks, "aside": Stack(name="aside")}
    graph = build_graph(plans.plan(stacks=aside), RunKind.REBUILD)
    assert graph.processes["aside"] == ()
    assert set(graph.processes["network"]) == {"sales", "payment"}
    assert graph.processes["live.sales"] == ("sales",)


def with_ledger(*more: StepEntry) -> Plan:
    provider = Provider(name="card-a", endpoint="https://x.example", ledger=Path("card.py"))
    known = plans.plan()
    processes = {**known.processes, "sales": replace(known.processes["sales"], ledger="card-a")}
    steps = {**known.steps, **plans.steps(*more)}
    return plans.plan(processes=processes, providers={"card-a": provider}, steps=steps)


def test_the_books_are_read_again_after_the_cutover_and_by_a_rebuild_only() -> None:
    graph = build_graph(with_ledger(), RunKind.REBUILD)
    assert "cutover.fence" in graph.ancestors("ledger.card-a.after-cutover")
    assert "cutover.epoch" not in graph.ancestors("ledger.card-a")
    names = build_graph(with_ledger(), RunKind.DEPLOY).steps
    assert not [name for name in names if name.startswith("ledger.")]


def test_a_need_of_what_only_a_rebuild_has_keeps_its_order_in_a_deployment() -> None:
    after = ("ledger.card-a", "cutover.fence")
    plan = with_ledger(plans.entry("extra", playbook="x", hosts="app", after=after))
    ancestors = build_graph(plan, RunKind.DEPLOY).ancestors("extra")
    assert {"check.orders", "payment", "cutover.revoke"} <= ancestors


def test_a_wait_is_never_ended_by_its_own_limit() -> None:
    plan = plans.plan(dns=Dns(name="shop.example", ttl=timedelta(hours=2)))
    step = build_graph(plan, RunKind.REBUILD).steps["cutover.dns-settled"]
    assert isinstance(step.work, WaitWork)
    assert step.limit > step.work.duration
