"""Signed answers: they reach their own gate and no other, once a person, only with their key."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from drkit.adapters import gate as gate_module
from drkit.adapters.answers import Answer, SignedAnswer, is_signed_by, plan_digest, put_answer, sign
from drkit.adapters.break_glass import new_code, prove, seal, seal_name
from drkit.adapters.codec import to_json
from drkit.adapters.gate import GateKeeper, RunOf
from drkit.errors import AnswerRefused, UsageError
from drkit.model.plan import Person, Plan
from drkit.model.record import GateAnswered, GateOverdue
from drkit.model.step import GateWork, Step
from drkit.ports import Secret, World
from tests.contract.cloud.places import REGION, RUN, Place
from tests.fakes.clock import START
from tests.fakes.graphs import step

WANTED = {"consent": step("consent", gate=True)}


class Nobody:
    """Who sits before the run and says nothing; or what they say."""

    def __init__(self, *said: GateAnswered) -> None:
        self.said = list(said)

    def answer(self, step: Step, waited: timedelta) -> GateAnswered | None:
        del step, waited
        return self.said.pop(0) if self.said else None


class Desk:
    """A run whose gates are answered, and the people who answer with their own keys."""

    def __init__(self, place: Place, keys: Path) -> None:
        self.place = place
        self.keys = keys
        self.used: dict[str, str] = {}
        """Sealed codes that other runs here have used."""
        people = {
            name: Person(name=name, roles=roles, key=self._key(name))
            for name, roles in {"ana": ("lead",), "cy": ("lead",), "bo": ("sre",)}.items()
        }
        people["di"] = Person(name="di", roles=("lead",))
        self.code = new_code()
        self.plan = replace(place.plan, people=people, break_glass=(seal(self.code),))

    def _key(self, name: str) -> str:
        file = self.keys / name
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", file], check=True
        )
        return file.with_suffix(".pub").read_text().strip()

    def signed(
        self, person: str, *, consent: bool = True, key: str = "", **more: Any
    ) -> SignedAnswer:
        answer = Answer(
            run=RUN,
            step="consent",
            plan=plan_digest(self.plan.source),
            person=person,
            consent=consent,
            comment=f"says {person}",
            at=START,
        )
        return sign(replace(answer, **more), self.keys / (key or person))

    def leave(self, *signed: SignedAnswer) -> None:
        for one in signed:
            put_answer(self.place.store, REGION, one)

    def broken(
        self, person: str, *, code: Secret | None = None, key: str = "", **more: Any
    ) -> SignedAnswer:
        """The same, with a sealed code for somebody who is missing."""
        [sealed] = self.plan.break_glass
        plain = self.signed(person, code=seal_name(sealed), **more).answer
        proof = prove(code or self.code, sealed, plain.statement())
        return sign(plain, self.keys / (key or person), proof=proof)

    def asked(self, *here: GateAnswered, **gate: Any) -> GateAnswered | None:
        """What the gate's answer is by now."""
        said = self.asked_after(timedelta(0), *here, **gate)
        assert not isinstance(said, GateOverdue)
        return said

    def asked_after(
        self, waited: timedelta, *here: GateAnswered, **gate: Any
    ) -> GateAnswered | GateOverdue | None:
        """The same of a gate that has waited so long."""
        of = RunOf(region=REGION, run=RUN, plan=self.plan, used_codes=lambda: self.used)
        keeper = GateKeeper(Nobody(*here), self.place.store, of)
        open_gate = replace(WANTED["consent"], work=GateWork(role="lead", **gate))
        for _ in here:
            keeper.answer(open_gate, waited)
        return keeper.answer(open_gate, waited)


@pytest.fixture
def desk(world: World, plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(gate_module, "_LOOK", 0.0)
    keys = tmp_path / "keys"
    keys.mkdir()
    return Desk(Place(world, plan, "run"), keys)


def typed(person: str, *, consent: bool = True) -> GateAnswered:
    return GateAnswered(
        step="consent", person=person, role="lead", consent=consent, comment="", signed=False
    )


def test_a_signed_yes_from_elsewhere_opens_the_gate(desk: Desk) -> None:
    assert desk.asked() is None
    desk.leave(desk.signed("ana"))
    said = desk.asked()
    assert said
    assert (said.person, said.consent, said.signed, said.comment) == ("ana", True, True, "says ana")


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


@pytest.mark.parametrize("change", [{"consent": True}, {"comment": "x"}, {"person": "cy"}])
def test_a_changed_statement_is_not_signed_any_more(desk: Desk, change: dict[str, Any]) -> None:
    signed = desk.signed("ana", consent=False)
    key = desk.plan.people["ana"].key
    assert key
    assert is_signed_by(signed, key)
    changed = replace(signed.answer, **change)
    assert not is_signed_by(replace(signed, answer=changed), key)


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
