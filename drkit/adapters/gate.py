"""A gate's answer, put together from what people say here and elsewhere.

So many different people of the role as the plan wants must say yes; one no is enough. Where the
plan wants signatures, an answer without one does not count; a signature that does not fit the run,
the plan or the person's key never does.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from drkit.adapters.answers import SignedAnswer, answers, is_signed_by, plan_digest
from drkit.adapters.outside_store import OutsideStore
from drkit.errors import DrkitError
from drkit.model.plan import Plan
from drkit.model.record import GateAnswered
from drkit.model.step import GateWork, Step
from drkit.ports import Consent

_LOOK = 2.0
"""Seconds between two looks at what was said elsewhere."""
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOf:
    """The run whose gates are answered."""

    region: str
    run: str
    plan: Plan


class GateKeeper:
    """Implements :class:`drkit.ports.Consent`: ``here`` is whom this command asks."""

    def __init__(self, here: Consent, store: OutsideStore, of: RunOf) -> None:
        self._here = here
        self._store = store
        self._of = of
        self._said: dict[str, dict[str, GateAnswered]] = {}
        """Gate → person → their answer, if it counts."""
        self._looked: dict[str, float] = {}

    def answer(self, step: Step) -> GateAnswered | None:
        if not isinstance(step.work, GateWork):
            return None
        said = self._said.setdefault(step.id, {})
        here = self._here.answer(step)
        if here is not None and not (step.work.signed and here.consent):
            said.setdefault(here.person, here)
        self._look(step, step.work, said)
        return _together(step.work, said)

    def _look(self, step: Step, gate: GateWork, said: dict[str, GateAnswered]) -> None:
        now = time.monotonic()
        if now - self._looked.get(step.id, -_LOOK) < _LOOK:
            return
        self._looked[step.id] = now
        try:
            for found in answers(self._store, self._of.region, self._of.run, step.id):
                if found.answer.person not in said and self._counts(found, step, gate):
                    said[found.answer.person] = _answered(found, gate)
        except DrkitError as error:
            _LOG.warning("answers from elsewhere cannot be read: %s", error)

    def _counts(self, found: SignedAnswer, step: Step, gate: GateWork) -> bool:
        answer = found.answer
        person = self._of.plan.people.get(answer.person)
        if person is None or gate.role not in person.roles or person.key is None:
            return False
        theirs = (answer.run, answer.step, answer.plan)
        ours = (self._of.run, step.id, plan_digest(self._of.plan.source))
        return theirs == ours and is_signed_by(found, person.key)


def _answered(found: SignedAnswer, gate: GateWork) -> GateAnswered:
    answer = found.answer
    return GateAnswered(
        step=answer.step,
        person=answer.person,
        role=gate.role,
        consent=answer.consent,
        comment=answer.comment,
        signed=True,
    )


def _together(gate: GateWork, said: dict[str, GateAnswered]) -> GateAnswered | None:
    """The answer as a whole; None while people are missing."""
    for answer in said.values():
        if not answer.consent:
            return answer
    if len(said) < gate.people:
        return None
    first = next(iter(said.values()))
    return GateAnswered(
        step=first.step,
        person=" and ".join(said),
        role=gate.role,
        consent=True,
        comment="; ".join(answer.comment for answer in said.values() if answer.comment),
        signed=all(answer.signed for answer in said.values()),
    )
