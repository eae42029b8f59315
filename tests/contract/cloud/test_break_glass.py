"""Sealed codes: each stands in once for a second person, never for the first, and nobody else's."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from drkit.adapters.answers import BROKEN
from drkit.adapters.break_glass import new_code, seal, seal_name
from drkit.adapters.codec import to_json
from drkit.errors import AnswerRefused
from tests.contract.cloud.desk import Desk, typed
from tests.contract.cloud.places import RUN


def test_a_code_stands_in_for_the_second_person_and_is_named(desk: Desk) -> None:
    desk.leave(desk.broken("ana"))
    said = desk.asked(people=2, signed=True)
    assert said
    assert (said.consent, said.person, said.signed) == (True, "ana", True)
    assert said.broken == seal_name(desk.plan.break_glass[0])


def test_it_also_does_where_that_person_had_said_yes_before(desk: Desk) -> None:
    desk.leave(desk.signed("ana"))
    assert desk.asked(people=2) is None
    desk.leave(desk.broken("ana"))
    said = desk.asked(people=2)
    assert said
    assert said.broken


def test_it_stands_in_for_one_person_and_not_for_two(desk: Desk) -> None:
    desk.leave(desk.broken("ana"))
    assert desk.asked(people=3) is None
    desk.leave(desk.signed("cy"))
    said = desk.asked(people=3)
    assert said
    assert set(said.person.split(" and ")) == {"ana", "cy"}
    assert said.broken


def test_a_no_closes_the_gate_whatever_code_is_broken(desk: Desk) -> None:
    desk.leave(desk.broken("ana"), desk.signed("cy", consent=False))
    said = desk.asked(people=2)
    assert said
    assert not said.consent
    assert desk.asked(typed("ana", consent=False), people=2), "nor does it take back one's own"


@pytest.mark.parametrize(
    ("what", "person", "key"),
    [("who has not the role", "bo", ""), ("whose key it is not", "ana", "cy")],
)
def test_a_code_is_no_first_person(desk: Desk, what: str, person: str, key: str) -> None:
    desk.leave(desk.broken(person, key=key))
    assert desk.asked(people=2) is None, what
    assert desk.asked(people=1) is None, what


def test_a_code_of_another_shop_or_a_guess_counts_for_nothing(desk: Desk) -> None:
    desk.leave(desk.broken("ana", code=new_code()))
    assert desk.asked(people=2) is None
    desk.plan = replace(desk.plan, break_glass=(seal(new_code()),))
    desk.leave(desk.broken("ana"))
    assert desk.asked(people=2) is None


def test_without_its_seal_in_the_plan_a_code_is_none(desk: Desk) -> None:
    broken = desk.broken("ana")
    desk.leave(broken)
    assert desk.asked(people=2)
    desk.plan = replace(desk.plan, break_glass=())
    assert desk.asked(people=2) is None


def test_what_was_proven_for_one_statement_proves_no_other(desk: Desk) -> None:
    """Whoever can write the bucket has all proofs that were ever left, and no code."""
    elsewhere = desk.broken("ana", run="20261123-060000-deploy-eu-central-1")
    mine = desk.signed("ana", code=elsewhere.answer.code)
    desk.leave(replace(mine, proof=elsewhere.proof))
    assert desk.asked(people=2) is None


def test_a_proof_that_is_not_even_one_counts_for_nothing(desk: Desk) -> None:
    for proof in ("", "no base 64!", "AAAA"):
        left = replace(desk.broken("ana"), proof=proof)
        place = f"{BROKEN}{left.answer.code}-{len(proof)}.json"
        assert desk.place.store.put(place, json.dumps(to_json(left)).encode())
    assert desk.asked(people=2) is None


def test_a_code_works_once_for_all_runs_gates_and_people(desk: Desk) -> None:
    desk.leave(desk.broken("ana"))
    for again in (
        desk.broken("cy"),
        desk.broken("ana", comment="once more"),
        desk.broken("ana", run="20261124-060000-rebuild-eu-central-1"),
        desk.broken("ana", step="another"),
    ):
        with pytest.raises(AnswerRefused, match="was used before"):
            desk.leave(again)
    assert desk.asked(people=2), "and what it was used for stands"


def test_a_code_that_a_journal_knows_as_used_is_refused_where_its_mark_is_gone(desk: Desk) -> None:
    desk.leave(desk.broken("ana"))
    desk.used[seal_name(desk.plan.break_glass[0])] = "20261101-060000-rebuild-eu-central-1"
    assert desk.asked(people=2) is None
    desk.used.clear()
    assert desk.asked(people=2)


def test_the_same_put_that_arrives_twice_is_no_second_use(desk: Desk) -> None:
    broken = desk.broken("ana")
    desk.leave(broken, broken)
    assert desk.asked(people=2)


def test_nothing_that_is_left_outside_holds_the_code(desk: Desk) -> None:
    desk.leave(desk.broken("ana"))
    stored = desk.place.store.read(f"{BROKEN}{seal_name(desk.plan.break_glass[0])}.json")
    assert stored
    code = desk.code.reveal()
    assert RUN.encode() in stored.body
    for form in (code, code.replace("-", ""), code.lower()):
        assert form.encode() not in stored.body
