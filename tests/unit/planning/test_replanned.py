"""A plan changed in mid-run: what stays done, what runs again, and what no run can take."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from drkit.model.outcome import State
from drkit.model.plan import Cloud, Outside, Plan, Provider, Store
from drkit.model.step import RunKind, RunMode
from drkit.planning.graph import build_graph
from drkit.planning.replanned import Change, Replanned, fixed_changes, replanned
from tests.fakes import plans

REGION = "eu-central-1"
BEFORE = plans.plan(source={"dns": "shop.example", "people": 1, "steps": 1})
GRAPH = build_graph(BEFORE, RunKind.REBUILD)
PREPARED = ("network", "compute", "orders-db", "orders", "check.orders", "payment")
DONE = dict.fromkeys((*PREPARED, "proof.sales", "proof.payment", "consent"), State.DONE)


def change(
    now: Plan, *, before: Plan = BEFORE, begun: bool = False, mode: RunMode = RunMode.UNPLANNED
) -> Change:
    return Change(
        before=before,
        now=now,
        kind=RunKind.REBUILD,
        mode=mode,
        region=REGION,
        cutover_begun=begun,
    )


def undone(now: Plan, states: dict[str, State] = DONE, **how: Any) -> Replanned:
    return replanned(change(now, **how), states, ("x",))


def with_orders(**settings: Any) -> Plan:
    orders = replace(BEFORE.services["orders"], **settings)
    return replace(BEFORE, services={**BEFORE.services, "orders": orders})


def test_the_steps_of_these_tests_are_steps() -> None:
    assert set(DONE) <= set(GRAPH.steps)


def test_gates_alone_are_asked_again_where_a_change_tells_no_step_anything_new() -> None:
    slower = replace(BEFORE.defaults, limit=timedelta(hours=2), owner="ana")
    now = replace(BEFORE, defaults=slower, source={**BEFORE.source, "people": 2})
    assert undone(now) == Replanned(changes=("x",), again=("consent",), kept=(), dropped=())


def test_a_step_that_would_be_told_something_else_runs_again_and_so_does_what_needs_it() -> None:
    again = undone(with_orders(playbook="orders-2")).again
    built_on_it = {"payment", "check.orders", "proof.sales", "proof.payment"}
    assert set(again) == {"orders", *built_on_it, "consent"}
    assert again[0] == "orders", "in the order of the graph"


def test_a_step_under_which_the_ground_is_new_runs_again_though_it_is_the_same() -> None:
    """The control: the playbook of orders is the same, and its store is new."""
    store = replace(BEFORE.stores["orders-db"], name="ledger-db", playbook="ledger")
    now = replace(
        with_orders(needs=("orders-db", "ledger-db")),
        stores={**BEFORE.stores, "ledger-db": store},
    )
    assert "orders" in undone(now).again
    assert "orders-db" in undone(now).again, "playbooks are told of every store"
    assert "compute" not in undone(now).again


@pytest.mark.parametrize(
    ("told", "who"),
    [
        ({"providers": {"card-a": Provider(name="card-a", endpoint="https://new")}}, "orders"),
        ({"source": {**BEFORE.source, "dns": "other.example"}}, "check.orders"),
        (
            {"sites": {**BEFORE.sites, REGION: replace(plans.site(REGION), images={"host": "13"})}},
            "compute",
        ),
        ({"sites": dict(reversed(list(BEFORE.sites.items())))}, "network"),
    ],
)
def test_what_each_kind_of_step_is_told_makes_it_run_again(told: dict[str, Any], who: str) -> None:
    assert who in undone(replace(BEFORE, **told)).again
    assert who not in undone(replace(BEFORE)).again


def test_what_a_person_took_as_done_stays_so_and_carries_what_needs_it() -> None:
    states = {**DONE, "orders": State.SKIPPED}
    assert "orders" not in undone(with_orders(playbook="orders-2"), states).again


def test_a_step_that_is_not_done_is_not_undone() -> None:
    states = {**DONE, "orders": State.FAILED, "payment": State.UNKNOWN}
    again = undone(with_orders(playbook="orders-2"), states).again
    assert not {"orders", "payment"} & set(again)


def test_what_was_done_upon_an_earlier_yes_stays_done() -> None:
    entry = plans.entry("announce", playbook="announce", after=("consent",))
    before = replace(BEFORE, steps={**BEFORE.steps, "announce": entry})
    now = replace(before, source={**BEFORE.source, "steps": 2})
    assert undone(now, {**DONE, "announce": State.DONE}, before=before).again == ("consent",)


def test_a_step_that_is_in_the_plan_no_more_is_dropped_by_name() -> None:
    now = replace(BEFORE, services={**BEFORE.services})
    assert undone(now, {**DONE, "images": State.DONE}).dropped == ("images",)


def test_once_the_cutover_has_begun_nothing_that_is_done_runs_again_and_it_is_named() -> None:
    found = undone(with_orders(playbook="orders-2"), begun=True)
    assert found.again == ()
    assert found.kept == ("orders",)


def test_a_plan_with_a_gap_is_compared_all_the_same() -> None:
    """Somebody may have accepted it, when the run began or now."""
    gap = with_orders(needs=("orders-db", "nosuch"))
    assert "orders" not in undone(gap).again
    assert undone(gap, before=gap).again == ("consent",)


ELSEWHERE = Outside(region="eu-north-1", state="other", backups="boutique-backup")


@pytest.mark.parametrize(
    ("parts", "place"),
    [
        ({"shop": "corner"}, "shop"),
        ({"outside": ELSEWHERE}, "outside.state"),
        ({"outside": replace(ELSEWHERE, region="x")}, "outside.region"),
        ({"outside": replace(ELSEWHERE, backups="x")}, "outside.backups"),
        ({"sites": {REGION: replace(plans.site(REGION), account="1")}}, f"sites.{REGION}.account"),
        (
            {"sites": {REGION: replace(plans.site(REGION), cloud=Cloud.AWS)}},
            f"sites.{REGION}.cloud",
        ),
        ({"sites": {}}, f"sites.{REGION}.account"),
    ],
)
def test_what_says_where_a_run_is_may_not_change(parts: dict[str, Any], place: str) -> None:
    found = {problem.place: problem for problem in fixed_changes(change(replace(BEFORE, **parts)))}
    assert place in found
    assert "a run stays where it is" in found[place].message


def test_what_says_how_a_run_goes_may_change() -> None:
    away = {name: s for name, s in BEFORE.sites.items() if name == REGION}
    stores: dict[str, Store] = {}
    now = replace(BEFORE, currency="SEK", people={}, sites=away, stores=stores)
    assert list(fixed_changes(change(now))) == []


MOVE = {**DONE, "quiesce": State.DONE}


def test_an_old_site_that_was_closed_stays_so_whatever_becomes_of_the_new_one() -> None:
    """To close it again would keep customers out for longer, and change nothing there."""
    images = {**BEFORE.sites, REGION: replace(plans.site(REGION), images={"host": "13"})}
    found = undone(replace(BEFORE, sites=images), MOVE, mode=RunMode.PLANNED)
    assert {"compute", "orders-db"} <= set(found.again)
    assert "quiesce" not in found.again
    assert found.dropped == ()


def test_what_is_restored_after_a_closing_stays_done_too_where_no_step_is_told_more() -> None:
    slower = replace(BEFORE, defaults=replace(BEFORE.defaults, limit=timedelta(hours=2)))
    assert undone(slower, MOVE, mode=RunMode.PLANNED).again == ("consent",)


def test_a_run_that_is_told_as_unplanned_would_drop_its_closing() -> None:
    """The guard of the two: the mode is what makes the step one of the run's."""
    assert undone(BEFORE, MOVE).dropped == ("quiesce",)
