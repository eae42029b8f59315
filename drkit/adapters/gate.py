"""A gate's answer, put together from what people say here and elsewhere.

So many different people as the plan wants must say yes, each of a role that is asked and before it
is too late; one no is enough. Where the plan wants signatures, a yes without one does not count; a
signature that does not fit the run, the plan or the person's key never does. A sealed code stands
in for one person of several, never for the first: it is broken by somebody who signs. That a limit
is over is said only after a look that has seen all that was left in time.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from drkit.adapters.answers import Answer, Left, SignedAnswer, answers, is_signed_by, plan_digest
from drkit.adapters.break_glass import is_proven, seal_name
from drkit.adapters.outside_store import OutsideStore
from drkit.engine.gates import overdue
from drkit.errors import DrkitError
from drkit.model.plan import Plan
from drkit.model.record import GateAnswered, GateOverdue
from drkit.model.step import GateWork, Step
from drkit.ports import Consent

_LOOK = 2.0
"""Seconds between two looks at what was said elsewhere."""
_COARSE = timedelta(seconds=1)
"""The store tells ages in whole seconds: who answered in the last one was in time."""
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOf:
    """The run whose gates are answered."""

    region: str
    run: str
    plan: Plan
    used_codes: Callable[[], Mapping[str, str]] = dict
    """Sealed code → the other run in which it counted, by the journals that are here."""
    refused_by_any_plan: bool = False
    """Whether a signed no counts whatever plan it names, and whatever may have been one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A gate at one moment, and what counts of what was said to it so far."""

    step: str
    gate: GateWork
    waited: timedelta
    said: dict[str, GateAnswered]
    """Person → their answer."""


class GateKeeper:
    """Implements :class:`drkit.ports.Consent`: ``here`` is whom this command asks."""

    def __init__(self, here: Consent, store: OutsideStore, of: RunOf) -> None:
        self._here = here
        self._store = store
        self._of = of
        self._said: dict[str, dict[str, GateAnswered]] = {}
        self._looked: dict[str, float] = {}
        self._broken_off: dict[str, DrkitError] = {}

    def answer(self, step: Step, waited: timedelta) -> GateAnswered | GateOverdue | None:
        if not isinstance(step.work, GateWork):
            return None
        said = self._said.setdefault(step.id, {})
        asked = _Asked(step=step.id, gate=step.work, waited=waited, said=said)
        here = self._here.answer(step, waited)
        if isinstance(here, GateAnswered) and not (step.work.signed and here.consent):
            said.setdefault(here.person, here)
        looked = self._look(asked)
        together = _together(step.work, said)
        return together if together or not looked else overdue(step, waited)

    def said(self, step: str) -> tuple[GateAnswered, ...]:
        """What counts of what each person has said to a gate that was asked."""
        return tuple(self._said.get(step, {}).values())

    def broken_off(self, step: str) -> DrkitError | None:
        """Why the last look at what was left for a gate has not seen all of it; None: it has."""
        return self._broken_off.get(step)

    def _look(self, asked: _Asked) -> bool:
        """Whether all that was left until now is seen."""
        now = time.monotonic()
        if now - self._looked.get(asked.step, -_LOOK) < _LOOK:
            return False
        self._looked[asked.step] = now
        try:
            of = self._of
            left_there = answers(
                self._store, of.region, of.run, asked.step, all_of_them=of.refused_by_any_plan
            )
            for left in left_there:
                if not _known(left.signed.answer, asked.said):
                    self._take(left, asked)
        except DrkitError as error:
            _LOG.warning("answers from elsewhere cannot be read: %s", error)
            self._broken_off[asked.step] = error
            return False
        self._broken_off.pop(asked.step, None)
        return True

    def _take(self, left: Left, asked: _Asked) -> None:
        answer = left.signed.answer
        person = self._of.plan.people.get(answer.person)
        when = asked.waited - left.age - _COARSE
        roles = asked.gate.asks(asked.waited) or asked.gate.asks(when)
        role = next((role for role in roles if person and role in person.roles), None)
        if role and person and person.key and self._counts(left.signed, asked, person.key):
            asked.said[answer.person] = _answered(answer, role)

    def _counts(self, signed: SignedAnswer, asked: _Asked, key: str) -> bool:
        answer = signed.answer
        if (answer.run, answer.step) != (self._of.run, asked.step):
            return False
        refused = self._of.refused_by_any_plan and not answer.consent
        if not refused and answer.plan != plan_digest(self._of.plan.source):
            return False
        if not is_signed_by(signed, key):
            return False
        return not answer.code or self._is_broken(signed, asked.gate)

    def _is_broken(self, signed: SignedAnswer, gate: GateWork) -> bool:
        """Whether it breaks a code of the plan that was never used elsewhere, for a yes."""
        answer = signed.answer
        sealed = {seal_name(seal): seal for seal in self._of.plan.break_glass}.get(answer.code)
        if sealed is None or gate.people < 2 or not answer.consent:
            return False
        if not is_proven(sealed, answer.statement(), signed.proof):
            return False
        if run := self._of.used_codes().get(answer.code):
            _LOG.warning("the code %s was used in %s already: not taken", answer.code, run)
            return False
        return True


def _known(answer: Answer, said: Mapping[str, GateAnswered]) -> bool:
    """A person counts once; with a code that they break later, their yes counts for more."""
    before = said.get(answer.person)
    return before is not None and (not before.consent or not answer.code or bool(before.broken))


def _answered(answer: Answer, role: str) -> GateAnswered:
    return GateAnswered(
        step=answer.step,
        person=answer.person,
        role=role,
        consent=answer.consent,
        comment=answer.comment,
        signed=True,
        broken=answer.code,
    )


def _together(gate: GateWork, said: Mapping[str, GateAnswered]) -> GateAnswered | None:
    """The answer as a whole; None while people are missing."""
    for answer in said.values():
        if not answer.consent:
            return answer
    broken = next((answer.broken for answer in said.values() if answer.broken), "")
    if not said or len(said) + bool(broken) < gate.people:
        return None
    first = next(iter(said.values()))
    return replace(
        first,
        person=" and ".join(said),
        role=" and ".join(dict.fromkeys(answer.role for answer in said.values())),
        comment="; ".join(answer.comment for answer in said.values() if answer.comment),
        signed=all(answer.signed for answer in said.values()),
        broken=broken,
    )
