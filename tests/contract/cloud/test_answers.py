"""Signed answers: they reach their own gate and no other, once a person, only with their key."""

from __future__ import annotations

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from drkit.adapters.answers import is_signed_by
from drkit.adapters.codec import to_json
from drkit.adapters.outside_store import OutsideStore
from drkit.errors import AnswerRefused, UsageError
from drkit.model.record import GateAnswered, GateOverdue
from drkit.ports import World
from tests.contract.cloud.desk import Desk, typed
from tests.contract.cloud.places import REGION, RUN
from tests.fakes.clock import START


def test_a_signed_yes_from_elsewhere_opens_the_gate(desk: Desk) -> None:
    assert desk.asked() is None
    desk.leave(desk.signed("ana"))
    said = desk.asked()
    assert said
    assert (said.person, said.consent, said.signed, said.comment) == ("ana", True, True, "says ana")


def test_a_yes_to_the_plan_before_its_change_counts_for_nothing_and_can_be_given_anew(
    desk: Desk,
) -> None:
    desk.leave(desk.signed("ana", plan="0" * 64))
    assert desk.asked() is None
    desk.leave(desk.signed("ana"))
    assert desk.asked()
    with pytest.raises(AnswerRefused, match="has answered"):
        desk.leave(desk.signed("ana", consent=False))


def test_a_signed_no_closes_it_whatever_others_say(desk: Desk) -> None:
    desk.leave(desk.signed("ana"), desk.signed("cy", consent=False))
    said = desk.asked(people=2)
    assert said
    assert not said.consent
    assert said.person == "cy"


@pytest.mark.parametrize(
    ("person", "more"),
    [
        ("bo", {}),  # not the role
        ("ana", {"run": "20261123-060000-deploy-eu-central-1"}),
        ("ana", {"step": "another"}),
        ("ana", {"plan": "0" * 64}),
        ("ana", {"key": "cy"}),  # somebody else's key
        ("di", {"key": "ana"}),  # the plan has no key for them
        ("eve", {"key": "ana"}),  # nobody of the plan
    ],
)
def test_what_is_signed_for_something_else_or_by_somebody_else_counts_for_nothing(
    desk: Desk, person: str, more: dict[str, Any]
) -> None:
    forged = desk.signed(person, **more)
    desk.leave(desk.signed("cy"))
    # laid where this gate looks, as whoever can write the bucket could
    place = f"answers/{REGION}/{RUN}/consent/{person}.json"
    assert desk.place.store.put(place, json.dumps(to_json(forged)).encode())
    assert desk.asked(people=2) is None
    said = desk.asked()
    assert said
    assert said.person == "cy", "and it hinders nobody else"


@pytest.mark.parametrize(
    "change", [{"consent": True}, {"comment": "x"}, {"person": "cy"}, {"owner": "k"}]
)
def test_a_changed_statement_is_not_signed_any_more(desk: Desk, change: dict[str, Any]) -> None:
    signed = desk.signed("ana", consent=False)
    key = desk.plan.people["ana"].key
    assert key
    assert is_signed_by(signed, key)
    changed = replace(signed.answer, **change)
    assert not is_signed_by(replace(signed, answer=changed), key)


def test_an_answer_without_an_owner_is_said_as_it_was_before_owners_signed(desk: Desk) -> None:
    assert "owner" not in json.loads(desk.signed("ana").answer.statement())
    assert json.loads(desk.signed("ana", owner="k").answer.statement())["owner"] == "k"


def test_nobody_answers_twice(desk: Desk) -> None:
    desk.leave(desk.signed("ana"))
    with pytest.raises(AnswerRefused, match="answered consent"):
        desk.leave(desk.signed("ana", consent=False))


def test_two_people_are_two_people(desk: Desk) -> None:
    desk.leave(desk.signed("ana"))
    assert desk.asked(people=2) is None
    assert desk.asked(typed("ana"), people=2) is None, "the same one in two ways is one"
    desk.leave(desk.signed("cy"))
    said = desk.asked(people=2)
    assert said
    assert said.person == "ana and cy"
    assert said.signed


def test_what_was_typed_counts_beside_a_signature_and_is_said_not_to_be_one(desk: Desk) -> None:
    desk.leave(desk.signed("ana"))
    said = desk.asked(typed("cy"), people=2)
    assert said
    assert said.consent
    assert not said.signed


def test_where_only_signatures_count_a_typed_yes_does_not_and_a_no_does(desk: Desk) -> None:
    assert desk.asked(typed("ana"), signed=True) is None
    refused = desk.asked(typed("ana", consent=False), signed=True)
    assert refused
    assert not refused.consent


def test_what_is_no_answer_at_all_is_passed_over(desk: Desk) -> None:
    desk.place.store.put(f"answers/{REGION}/{RUN}/consent/ana.json", b"not json")
    desk.leave(desk.signed("cy"))
    said = desk.asked()
    assert said
    assert said.person == "cy"


def test_a_key_that_cannot_sign_says_what_to_do(desk: Desk) -> None:
    file = desk.keys / "ana"
    subprocess.run(["ssh-keygen", "-q", "-p", "-N", "secret", "-f", file], check=True)
    with pytest.raises(UsageError, match="did not sign") as refused:
        desk.signed("ana")
    assert "ssh-add" in refused.value.remedy


LIMIT = timedelta(minutes=10)
AGES = timedelta(seconds=3)
"""The store tells ages in whole seconds, and a test takes some itself."""


def test_a_yes_that_was_left_in_time_counts_although_the_run_looks_later(desk: Desk) -> None:
    desk.leave(desk.signed("ana"))
    said = desk.asked_after(LIMIT, limit=LIMIT)
    assert isinstance(said, GateAnswered)
    assert said.consent


def test_a_yes_that_was_left_after_the_limit_is_ignored_whatever_time_it_says(desk: Desk) -> None:
    desk.leave(desk.signed("ana", at=START - timedelta(days=1)))
    late = LIMIT + AGES + timedelta(minutes=1)
    assert desk.asked_after(late, limit=LIMIT) == GateOverdue(step="consent", asks=None)


def test_once_the_limit_is_over_the_other_role_may_answer_and_the_first_still_may(
    desk: Desk,
) -> None:
    over = GateOverdue(step="consent", asks="sre")
    desk.leave(desk.signed("bo"))
    assert desk.asked_after(LIMIT / 2, limit=LIMIT, escalate="sre") is None
    said = desk.asked_after(LIMIT * 2, limit=LIMIT, escalate="sre")
    assert isinstance(said, GateAnswered)
    assert (said.person, said.role) == ("bo", "sre")
    assert desk.asked_after(LIMIT * 2, limit=LIMIT, escalate="sre", people=2) == over
    desk.leave(desk.signed("ana"))
    both = desk.asked_after(LIMIT * 2, limit=LIMIT, escalate="sre", people=2)
    assert isinstance(both, GateAnswered)
    assert (both.person, both.role) == ("ana and bo", "lead and sre")


def test_no_gate_is_closed_by_its_limit_while_what_was_said_cannot_be_seen(
    desk: Desk, lost: World
) -> None:
    desk.leave(desk.signed("ana"))
    seen, desk.place.store = desk.place.store, OutsideStore(lost, desk.plan)
    assert desk.asked_after(LIMIT * 2, limit=LIMIT) is None
    desk.place.store = seen
    assert isinstance(desk.asked_after(LIMIT, limit=LIMIT), GateAnswered)


def test_of_two_that_answer_at_once_from_two_places_each_counts_once(desk: Desk) -> None:
    both = [desk.signed("ana"), desk.signed("cy")]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(desk.leave, both))
    said = desk.asked(people=2)
    assert said
    assert said.person == "ana and cy"
    assert desk.asked(people=3) is None


def test_of_one_that_answers_at_once_from_two_places_one_answer_counts(desk: Desk) -> None:
    """A yes and a no of the same person: whichever was first stands, and the other is told."""
    both = [desk.signed("ana"), desk.signed("ana", consent=False)]
    with ThreadPoolExecutor(2) as pool:
        ended = [pool.submit(desk.leave, one) for one in both]
    refused = [isinstance(one.exception(), AnswerRefused) for one in ended]
    assert sorted(refused) == [False, True]
    said = desk.asked()
    assert said
    assert said.consent == (not refused[0])
