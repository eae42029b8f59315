"""The graph of a validation: a rebuild's, muzzled, without all that acts on the world."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from drkit.adapters.plan_yaml import load_plan
from drkit.model.plan import StepEntry
from drkit.model.step import CheckWork, PlaybookWork, RunKind, StackWork
from drkit.planning.graph import Graph, build_graph
from drkit.planning.muzzled import MUZZLE, muzzle_problems
from tests.fakes import plans
from tests.house.files import ROOT


def validation(**parts: object) -> Graph:
    return build_graph(plans.plan(**parts), RunKind.VALIDATE)


def test_it_has_the_steps_of_a_rebuild_with_the_same_work() -> None:
    whole = build_graph(plans.plan(), RunKind.REBUILD).steps
    for name, step in validation().steps.items():
        if name != MUZZLE:
            assert replace(step, needs=()) == replace(whole[name], needs=())


def test_it_asks_nobody_sends_nobody_over_and_reads_no_books() -> None:
    kinds = {step.kind for step in validation().steps.values()}
    acts = {"gate", "epoch", "revoke", "wait", "dns", "ledger", "quiesce"}
    assert acts & {step.kind for step in build_graph(plans.plan(), RunKind.REBUILD).steps.values()}
    assert not kinds & acts
    assert not [name for name in validation().steps if name.startswith("live.")]


def test_nothing_but_what_a_standby_is_made_of_runs_before_the_muzzle_or_beside_it() -> None:
    plan = plans.with_base()
    graph = build_graph(plan, RunKind.VALIDATE)
    standby = build_graph(plan, RunKind.STANDBY).steps
    assert any(not isinstance(step.work, StackWork) for step in standby.values())
    for name, step in graph.steps.items():
        if isinstance(step.work, StackWork):
            assert name in graph.ancestors(MUZZLE)
        elif name != MUZZLE:
            assert (MUZZLE in graph.ancestors(name)) is (name not in standby)


def test_what_a_service_waits_for_before_its_data_is_no_reason_to_start_it_unmuzzled() -> None:
    plan = plans.plan()
    store, service = next(iter(plan.stores.values())), next(iter(plan.services.values()))
    stores = {**plan.stores, store.name: replace(store, needs=(*store.needs, service.name))}
    services = {**plan.services, service.name: replace(service, needs=())}
    graph = validation(stores=stores, services=services)
    assert MUZZLE in graph.ancestors(service.name)


def test_what_comes_after_the_cutover_is_no_part_of_it() -> None:
    after = plans.entry("protect", playbook="first-backup", after=("cutover",))
    later = plans.entry("look", checks=(Path("checks/look.py"),), after=("protect",))
    steps = {**plans.plan().steps, "protect": after, "look": later}
    assert not {"protect", "look"} & validation(steps=steps).steps.keys()
    assert {"protect", "look"} <= build_graph(plans.plan(steps=steps), RunKind.REBUILD).steps.keys()


def test_what_only_waits_for_books_that_are_not_read_runs_without_them() -> None:
    plan = load_plan(ROOT / "drkit.yaml")
    look = plans.entry("look", checks=(Path("checks/look.py"),), after=("ledger.card-a",))
    plan = replace(plan, steps={**plan.steps, "look": look})
    assert "ledger.card-a" in build_graph(plan, RunKind.REBUILD).steps["look"].needs
    graph = build_graph(plan, RunKind.VALIDATE)
    assert isinstance(graph.steps["look"].work, CheckWork)
    assert graph.steps["look"].needs == (MUZZLE,)


def test_what_a_store_waits_for_and_waits_for_books_itself_comes_after_the_muzzle() -> None:
    """In the rebuild it comes after them, so a standby does not have it."""
    plan = load_plan(ROOT / "drkit.yaml")
    act = plans.entry("reconcile", playbook="reconcile", hosts="all", after=("ledger.card-a",))
    store = replace(plan.stores["images"], name="warehouse", needs=("reconcile",))
    stores = {**plan.stores, "warehouse": store}
    plan = replace(plan, stores=stores, steps={**plan.steps, "reconcile": act})
    assert build_graph(plan, RunKind.VALIDATE).steps["reconcile"].needs == (MUZZLE,)


def test_the_plan_may_say_how_long_the_muzzle_may_take() -> None:
    limit = plans.plan().defaults.limit / 2
    steps = {**plans.plan().steps, MUZZLE: StepEntry(name=MUZZLE, owner="dba", limit=limit)}
    muzzle = validation(steps=steps).steps[MUZZLE]
    assert (muzzle.owner, muzzle.limit) == ("dba", limit)
    assert isinstance(muzzle.work, PlaybookWork)
    assert (muzzle.work.playbook, muzzle.work.hosts) == ("muzzle", "all")


def test_what_answers_for_a_provider_is_of_the_muzzle() -> None:
    providers = {
        name: replace(one, drill=Path(f"{name}.py")) for name, one in plans.plan().providers.items()
    }
    muzzle = validation(providers=providers).steps[MUZZLE]
    assert isinstance(muzzle.work, PlaybookWork)
    assert muzzle.work.sends == tuple(f"{name}.py" for name in providers)


def test_each_process_waits_for_its_proof() -> None:
    graph = validation()
    for process in plans.plan().processes:
        assert f"proof.{process}" in graph.needed_by(process)
        assert process in graph.processes[MUZZLE]


def test_a_shop_without_the_playbook_is_told_what_would_go_wrong() -> None:
    plan = plans.plan(providers={})
    [problem] = muzzle_problems(plan, lambda path: path != Path("playbooks/muzzle.yml"))
    assert "playbooks/muzzle.yml" in problem.message
    assert list(muzzle_problems(plan, lambda _: True)) == []
