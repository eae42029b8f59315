"""The graph of a standby: the beginning of a rebuild, and nothing that acts or needs data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from drkit.adapters.plan_yaml import load_plan
from drkit.errors import Problem
from drkit.model.plan import Plan, RestoreTool, Stack, Store, Tier
from drkit.model.step import DriftWork, RunKind
from drkit.model.wish import Wish
from drkit.planning.drift import DRIFT, drift_graph
from drkit.planning.graph import Graph, build_graph
from drkit.planning.problems import find_problems, run_problems
from tests.fakes import plans
from tests.house.files import ROOT

REGION = "eu-central-1"


def standby(plan: Plan) -> Graph:
    return build_graph(plan, RunKind.STANDBY)


def warm(**parts: object) -> Plan:
    sites = {**plans.plan().sites, REGION: replace(plans.site(REGION), tier=Tier.WARM)}
    return plans.plan(sites=sites, **parts)


def test_of_the_reference_shop_it_is_what_comes_before_the_first_store() -> None:
    graph = standby(load_plan(ROOT / "drkit.yaml"))
    assert list(graph.steps) == ["network", "storage", "compute", "base"]


def test_its_steps_are_those_of_a_rebuild_to_the_letter() -> None:
    """So a rebuild finds nothing to do in them."""
    plan = plans.with_base()
    whole = build_graph(plan, RunKind.REBUILD).steps
    found = standby(plan).steps
    assert list(found) == ["network", "compute", "base"]
    assert found == {name: whole[name] for name in found}


def test_a_playbook_that_no_store_waits_for_is_left_to_the_rebuild() -> None:
    plan = plans.with_base()
    extra = plans.entry("extra", playbook="extra", hosts="app", after=("base",))
    assert "extra" not in standby(replace(plan, steps={**plan.steps, "extra": extra})).steps


def test_no_service_is_installed_and_nothing_that_comes_after_one() -> None:
    """What is installed could act as the shop, and nobody has fenced it."""
    plan = plans.with_base()
    services = {**plan.services, "door": plans.service("door", "compute")}
    behind = plans.entry("base", playbook="base", hosts="all", after=("door",))
    graph = standby(replace(plan, services=services, steps={**plan.steps, "base": behind}))
    assert list(graph.steps) == ["network", "compute"]


def test_an_act_that_plays_the_playbook_of_a_service_is_one() -> None:
    plan = plans.with_base()
    service = next(iter(plan.services.values()))
    base = replace(plan.steps["base"], playbook=service.playbook)
    graph = standby(replace(plan, steps={**plan.steps, "base": base}))
    assert list(graph.steps) == ["network", "compute"]


def test_what_needs_data_is_left_out_with_all_that_comes_after_it() -> None:
    plan = plans.with_base()
    stores = {**plan.stores, "cache": _cache("after-data")}
    after = plans.entry("after-data", playbook="x", hosts="app", after=("orders-db",))
    stacks = {**plan.stacks, "late": Stack(name="late", needs=("orders-db",))}
    graph = standby(
        replace(plan, stores=stores, stacks=stacks, steps={**plan.steps, "after-data": after})
    )
    assert list(graph.steps) == ["network", "compute", "base"]


def _cache(need: str) -> Store:
    store = plans.plan().stores["orders-db"]
    return replace(store, name="cache", restore=RestoreTool.REBUILD, stanza=None, needs=(need,))


def test_no_process_waits_for_it() -> None:
    graph = standby(plans.with_base())
    assert set(graph.processes.values()) == {()}
    assert not graph.needed_by("sales")


@pytest.mark.parametrize(("kind", "wanted"), [(RunKind.STANDBY, 1), (RunKind.REBUILD, 0)])
def test_a_cold_site_has_no_standby_to_bring_up(kind: RunKind, wanted: int) -> None:
    found = _problems(plans.plan(), kind)
    assert [problem.name for problem in found] == [f"sites.{REGION}.tier"] * wanted
    assert all("`tier: warm`" in problem.remedy for problem in found)
    assert not _problems(warm(), kind)


def _problems(plan: Plan, kind: RunKind) -> tuple[Problem, ...]:
    return run_problems(plan, exists=lambda _: True, region=REGION, mode=None, kind=kind)


def test_a_validation_of_a_warm_site_alone_looks_at_the_standby() -> None:
    def compares(plan: Plan, kind: RunKind, region: str = REGION) -> bool:
        return Wish(plan=plan, kind=kind, region=region).compares

    assert compares(warm(), RunKind.VALIDATE)
    assert not compares(warm(), RunKind.REBUILD)
    assert not compares(plans.plan(), RunKind.VALIDATE)
    assert not compares(warm(), RunKind.VALIDATE, "eu-nowhere-1")


def test_the_look_at_it_takes_the_settings_that_the_plan_gives_it() -> None:
    hour = timedelta(hours=1)
    settings: Mapping[str, object] = {"owner": "dba", "limit": hour, "after": ("compute",)}
    plan = warm(steps={**plans.plan().steps, DRIFT: plans.entry(DRIFT, **settings)})
    assert find_problems(plan, exists=lambda _: True) == ()
    [step] = drift_graph(plan, 3).steps.values()
    assert (step.id, step.work, step.needs) == (DRIFT, DriftWork(generation=3), ())
    assert (step.owner, step.limit) == ("dba", hour)


def test_its_name_is_no_other_steps() -> None:
    plan = plans.plan(stacks={**plans.plan().stacks, DRIFT: Stack(name=DRIFT)})
    [problem] = find_problems(plan, exists=lambda _: True)
    assert "by `drkit validate`" in problem.message
