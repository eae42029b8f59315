"""Where a planned move closes the old site: after all that needs none of its data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drkit.errors import ConfigurationError
from drkit.model.plan import Plan, Provider, RestoreTool, Store
from drkit.model.step import LedgerWork, Mode, RunKind, RunMode, StoreWork
from drkit.planning.graph import Graph, build_graph
from drkit.planning.problems import find_problems
from drkit.planning.quiesce import QUIESCE, given_up, mode_problems
from tests.fakes import plans
from tests.unit.planning.shapes import Shape, plan_of, shapes


def planned(plan: Plan, *refused: str) -> Graph:
    return build_graph(plan, RunKind.REBUILD, mode=RunMode.PLANNED, refused=refused)


def with_stores(shape: Shape, restored: set[str]) -> Plan:
    """Acts that wait for each other, of which some wait for the data of a store as well."""
    found = plan_of(shape.needs)
    store = Store(
        name="db",
        restore=RestoreTool.PGBACKREST,
        playbook="pg",
        hosts="all",
        needs=(),
        stanza="x",
    )
    steps = {
        name: replace(entry, after=(*entry.after, "db")) if name in restored else entry
        for name, entry in found.steps.items()
    }
    return replace(found, stores={"db": store}, steps=steps)


@given(shapes(), st.data())
def test_all_that_needs_no_data_comes_before_and_all_data_after(
    shape: Shape, data: st.DataObject
) -> None:
    waiting = set(data.draw(st.lists(st.sampled_from(sorted(shape.needs)), unique=True)))
    graph = planned(with_stores(shape, waiting))
    before = graph.ancestors(QUIESCE)
    for name in graph.steps:
        with_data = name == "db" or "db" in graph.ancestors(name)
        assert (name in before) == (not with_data and name != QUIESCE)
        assert (QUIESCE in graph.ancestors(name)) == with_data


@given(shapes(), st.data())
def test_an_unplanned_rebuild_is_the_same_without_it(shape: Shape, data: st.DataObject) -> None:
    waiting = set(data.draw(st.lists(st.sampled_from(sorted(shape.needs)), unique=True)))
    plan = with_stores(shape, waiting)
    without = build_graph(plan, RunKind.REBUILD)
    assert QUIESCE not in without.steps
    assert set(planned(plan).steps) == {*without.steps, QUIESCE}


def test_restores_books_and_the_cutover_wait_for_the_end_of_the_old_site() -> None:
    providers = {"card-a": Provider(name="card-a", endpoint="x", ledger=Path("checks/card_a.py"))}
    processes = {"sales": replace(plans.process("sales", "orders"), ledger="card-a")}
    graph = planned(plans.plan(providers=providers, processes=processes, steps=plans.steps(
        plans.entry("consent", gate="lead", after=("proof.sales",)),
        plans.entry("cutover", cutover="dns", after=("consent",)),
    )))  # fmt: skip
    for name, step in graph.steps.items():
        match step.work:
            case StoreWork(mode=Mode.RESTORE) | LedgerWork():
                assert QUIESCE in step.needs, name
            case _:
                pass
    assert QUIESCE in graph.ancestors("cutover.epoch")
    assert {"network", "compute"} <= graph.ancestors(QUIESCE)


def test_a_shop_that_restores_nothing_is_closed_before_the_cutover_all_the_same() -> None:
    stores = {
        "db": replace(plans.plan().stores["orders-db"], name="db", restore=RestoreTool.REBUILD)
    }
    services = {"orders": plans.service("orders", "db"), "payment": plans.service("payment")}
    graph = planned(plans.plan(stores=stores, services=services))
    assert QUIESCE in graph.ancestors("cutover.epoch")
    assert "proof.sales" in graph.ancestors(QUIESCE)


def test_what_was_left_out_is_not_waited_for() -> None:
    plan = plans.plan(
        steps=plans.steps(
            *plans.plan().steps.values(), plans.entry("extra", playbook="x", after=("compute",))
        )
    )
    assert "extra" in planned(plan).steps[QUIESCE].needs
    assert "extra" not in planned(plan, "extra").steps[QUIESCE].needs


def test_a_step_after_the_closing_waits_for_it_and_in_an_unplanned_run_for_nothing() -> None:
    told = plans.entry("told", playbook="x", after=(QUIESCE, "compute"))
    plan = plans.plan(steps=plans.steps(*plans.plan().steps.values(), told))
    assert "told" not in planned(plan).ancestors(QUIESCE)
    assert build_graph(plan, RunKind.REBUILD).steps["told"].needs == ("compute",)


def test_a_closing_that_waits_for_the_data_is_a_cycle_and_is_said_with_the_plan() -> None:
    entry = plans.entry(QUIESCE, after=("orders-db",))
    plan = plans.plan(steps=plans.steps(*plans.plan().steps.values(), entry))
    with pytest.raises(ConfigurationError):
        planned(plan)
    assert any("cycle" in found.message for found in find_problems(plan, exists=lambda _: True))


def test_no_other_step_may_have_its_name() -> None:
    steps = plans.steps(*plans.plan().steps.values(), plans.entry(QUIESCE, playbook="x"))
    [problem] = find_problems(plans.plan(steps=steps), exists=lambda _: True)
    assert "is already the name of a step, by `--mode planned`" in problem.message


def test_its_settings_are_those_of_any_step() -> None:
    entry = plans.entry(QUIESCE, owner="dba", tries=3)
    plan = plans.plan(steps=plans.steps(*plans.plan().steps.values(), entry))
    assert find_problems(plan, exists=lambda _: True) == ()
    assert (planned(plan).steps[QUIESCE].owner, planned(plan).steps[QUIESCE].tries) == ("dba", 3)


@pytest.mark.parametrize("missing", ["quiesce", "reopen"])
def test_a_shop_without_a_way_to_close_or_a_way_back_cannot_be_moved(missing: str) -> None:
    def exists(path: Path) -> bool:
        return path != Path(f"playbooks/{missing}.yml")

    [problem] = mode_problems(RunMode.PLANNED, exists)
    assert f"playbooks/{missing}.yml is not there" in problem.message
    assert list(mode_problems(RunMode.UNPLANNED, exists)) == []
    assert list(mode_problems(None, exists)) == []


def test_only_who_says_so_gives_the_old_site_up_and_not_after_it_was_caught_up() -> None:
    steps = planned(plans.plan()).steps
    assert given_up(RunMode.UNPLANNED, steps, (), " it burns ") == {
        QUIESCE: "--mode unplanned: it burns"
    }
    assert "given up" in given_up(RunMode.UNPLANNED, steps, (), "")[QUIESCE]
    assert given_up(RunMode.UNPLANNED, steps, (QUIESCE,), "why") == {}
    assert given_up(RunMode.PLANNED, steps, (), "why") == {}
    assert given_up(None, steps, (), "why") == {}
    unplanned = build_graph(plans.plan(), RunKind.REBUILD).steps
    assert given_up(RunMode.UNPLANNED, unplanned, (), "why") == {}
