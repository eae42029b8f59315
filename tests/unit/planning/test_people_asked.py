"""How many people a gate asks: two for what cannot be undone, unless the plan says otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from drkit.model.plan import Person, Plan, StepEntry
from drkit.model.step import GateWork, RunKind
from drkit.planning.graph import build_graph
from drkit.planning.people import people_asked, removal_problem
from drkit.planning.problems import find_problems
from tests.fakes import plans

PROOFS = ("proof.sales", "proof.payment")


def shop(*entries: StepEntry, **people: Person) -> Plan:
    """A shop with two people who lead, of whom ana has a key, and these steps."""
    who = {
        "ana": Person(name="ana", roles=("lead",), key="ssh-ed25519 AAAA"),
        "cy": Person(name="cy", roles=("lead", "dba")),
        **people,
    }
    return plans.plan(people=who, steps=plans.steps(*entries))


def consent(**settings: Any) -> StepEntry:
    return plans.entry("consent", **{"gate": "lead", "after": PROOFS, **settings})


def cutover(*after: str) -> StepEntry:
    return plans.entry("cutover", cutover="dns", after=after or ("consent",))


def asked(plan: Plan, gate: str = "consent") -> int:
    work = build_graph(plan, RunKind.REBUILD).steps[gate].work
    assert isinstance(work, GateWork)
    assert people_asked(plan, plan.steps[gate]) == work.people, "said alike everywhere"
    return work.people


def test_a_cutover_takes_two_where_two_have_the_role() -> None:
    assert asked(shop(consent(), cutover())) == 2


@pytest.mark.parametrize("people", [1, 2])
def test_what_the_plan_says_counts(people: int) -> None:
    assert asked(shop(consent(people=people), cutover())) == people


def test_one_is_asked_where_there_is_no_second() -> None:
    assert asked(shop(consent(gate="dba"), cutover())) == 1
    signed = shop(consent(signed=True), cutover())
    assert asked(signed) == 1, "only ana could sign"
    problems = list(find_problems(signed, exists=lambda _path: True))
    assert "steps.consent.signed" not in [problem.place for problem in problems]


def test_a_gate_before_another_gate_or_after_the_cutover_takes_one() -> None:
    early = plans.entry("declare", gate="lead")
    late = plans.entry("protect", gate="lead", after=("cutover",))
    plan = shop(early, consent(after=(*PROOFS, "declare")), cutover(), late)
    assert [asked(plan, name) for name in ("declare", "consent", "protect")] == [1, 2, 1]


def test_an_act_between_gate_and_cutover_changes_nothing() -> None:
    warm = plans.entry("warm", playbook="open", after=("consent",))
    assert asked(shop(consent(), warm, cutover("warm"))) == 2


def test_a_gate_that_the_first_part_of_a_cutover_waits_for_takes_two() -> None:
    part = plans.entry("cutover.epoch", after=("consent",))
    assert asked(shop(consent(), cutover(*PROOFS), part)) == 2


def test_a_sealed_code_has_a_gate_to_be_broken_at() -> None:
    """With two people asked by default, a code is obeyed and no longer said to be ignored."""

    def ignored(plan: Plan) -> bool:
        found = find_problems(plan, exists=lambda _path: True)
        return "break-glass" in [problem.place for problem in found]

    people = shop(consent(), cutover()).people
    steps = plans.steps(consent(), cutover())
    alone = plans.steps(consent(people=1), cutover())
    seal = ("A" * 64,)
    assert not ignored(plans.plan(people=people, steps=steps, break_glass=seal))
    assert ignored(plans.plan(people=people, steps=alone, break_glass=seal))


@pytest.mark.parametrize("second", ["ssh-ed25519  AAAA ana@laptop", "ssh-ed25519 AAAA== x"])
def test_one_key_under_two_names_is_one_person_whatever_its_comment(second: str) -> None:
    cy = Person(name="cy", roles=("lead",), key=second)
    di = Person(name="di", roles=("lead",), key="ssh-ed25519 BBBB")
    plan = shop(consent(), cutover(), cy=cy, di=di)
    twice = removal_problem(plan)
    assert twice is not None, "di makes two keys, but ana alone could sign twice"
    assert (twice.place, "the key of ana too" in twice.message) == ("people.cy.key", True)
    assert twice in find_problems(plan, exists=lambda _path: True)


def test_two_keys_are_two_people() -> None:
    cy = Person(name="cy", roles=("lead",), key="ssh-ed25519 BBBB")
    assert removal_problem(shop(consent(), cutover(), cy=cy)) is None
