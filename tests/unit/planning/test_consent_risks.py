"""What one person can do alone is told by `drkit plan`, and no problem: shops may choose it."""

from __future__ import annotations

from typing import Any

from drkit.model.plan import Person
from drkit.model.step import RunKind
from drkit.planning.consents import consent_risks
from drkit.planning.graph import build_graph
from tests.fakes import plans


def risks(*, leads: tuple[str, ...] = ("ana", "cy"), **gate: Any) -> list[str]:
    people = {name: Person(name=name, roles=("lead",)) for name in leads}
    consent = plans.entry("consent", gate="lead", after=("proof.sales", "proof.payment"), **gate)
    cutover = plans.entry("cutover", cutover="dns", after=("consent",))
    plan = plans.plan(people=people, steps=plans.steps(consent, cutover))
    graph = build_graph(plan, RunKind.REBUILD)
    return [f"{risk}" for risk in consent_risks(plan, graph)]


def test_one_person_before_a_cutover_is_said_with_what_asks_two() -> None:
    [risk] = risks(people=1)
    assert risk.startswith("steps.consent: one person alone can open the new site")
    assert "people: 2" in risk


def test_where_the_plan_has_no_second_person_that_is_what_is_missing() -> None:
    [risk] = risks(leads=("ana",))
    assert risk.startswith("steps.consent: one person alone can open the new site")
    assert "give a second person the role `lead`" in risk


def test_two_names_that_one_person_can_type_are_said_too() -> None:
    assert risks() == risks(people=2), "two are asked where the plan says nothing"
    [risk] = risks()
    assert "can type the names" in risk
    assert "signed: true" in risk


def test_two_people_who_sign_are_no_risk() -> None:
    assert risks(people=2, signed=True) == []


def test_a_plan_without_a_cutover_opens_nothing() -> None:
    plan = plans.plan(steps={})
    assert list(consent_risks(plan, build_graph(plan, RunKind.REBUILD))) == []
