"""A gate of a run outside, and the people who answer it with their own keys and sealed codes."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from drkit.adapters.answers import Answer, SignedAnswer, plan_digest, put_answer, sign
from drkit.adapters.break_glass import new_code, prove, seal, seal_name
from drkit.adapters.gate import GateKeeper, RunOf
from drkit.model.plan import Person
from drkit.model.record import GateAnswered, GateOverdue
from drkit.model.step import GateWork, Step
from drkit.ports import Secret
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


def typed(person: str, *, consent: bool = True) -> GateAnswered:
    return GateAnswered(
        step="consent", person=person, role="lead", consent=consent, comment="", signed=False
    )
