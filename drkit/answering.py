"""A person's signed answer to a gate, left where its run looks for it, from anywhere.

Refuses at once what the run would not count, and says why. Whether an answer counts is the run's to
decide all the same: nothing here is trusted by it, and a clock that is wrong here opens no gate.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from drkit.afar import Afar, Known, began_of
from drkit.engine.progress import is_over, owner_of
from drkit.errors import AnswerRefused, UsageError
from drkit.model.outcome import State
from drkit.model.plan import Plan
from drkit.model.quantities import format_duration, format_moment
from drkit.model.record import RunBegan
from drkit.model.step import GateWork
from drkit.planning.graph import gate_work
from drkit.ports import Secret
from drkit.reporting.gates import GateStand, answer_said, gate_stands
from drkit.reporting.moving import was_given_back

if TYPE_CHECKING:
    from drkit.adapters.answers import Answer
    from drkit.agreeing import Agreement
    from drkit.reaping import Found


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a person says, when, the key that signs it, and the sealed code that they break."""

    consent: bool
    comment: str
    at: datetime
    key: Path
    code: Secret | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Open:
    """A gate that waits, as far as its run has recorded."""

    step: str
    gate: GateWork
    since: datetime | None
    """None: it is not asked yet, and may be answered beforehand."""
    overdue: bool

    def roles(self, now: datetime) -> tuple[str, ...]:
        """Who may answer now."""
        waited = now - self.since if self.since else timedelta(0)
        if self.overdue and self.gate.limit:
            waited = max(waited, self.gate.limit)
        return self.gate.asks(waited)

    @property
    def until(self) -> str:
        if self.since is None or self.gate.limit is None:
            return ""
        return format_moment(self.since + self.gate.limit)


def answer_gate(afar: Afar, known: Known, step: str, *, person: str, given: Given) -> str:
    """Leave the answer of ``person`` to a gate of a run; returns the name of the code that it
    breaks, empty if it breaks none.

    Raises UsageError for what is no gate of it and a key that does not sign; AnswerRefused for a
    gate that is closed, a run that is over, a person who may not answer it, a key that is not
    theirs, an answer that was given before, a code that is none, or used, and a gate that came to
    the opposite meanwhile.
    """
    from drkit.adapters.answers import Answer, plan_digest

    began = began_of(known)
    gate = _open(afar.plan, known, began, step)
    answer = Answer(
        run=known.run,
        step=step,
        plan=plan_digest(began.plan),
        person=person,
        consent=given.consent,
        comment=given.comment,
        at=given.at,
        owner=owner_of(known.records),
    )
    broken = _sign_and_leave(afar, gate, answer, region=known.region, given=given)
    _must_not_be_overtaken(gate, afar.known(known.run), consent=given.consent)
    return broken


def answer_removal(afar: Afar, found: Found, *, person: str, given: Given) -> str:
    """The same for a generation that people are asked about: :func:`found_by_name`.

    Raises as :func:`answer_gate`.
    """
    from drkit.adapters.answers import Answer, plan_digest
    from drkit.adapters.removals import DESTROY

    asked = _must_ask(found)
    gate = _Open(step=DESTROY, gate=asked.gate, since=None, overdue=False)
    answer = Answer(
        run=asked.removal.name,
        step=DESTROY,
        plan=plan_digest(afar.plan.source),
        person=person,
        consent=given.consent,
        comment=given.comment,
        at=given.at,
    )
    return _sign_and_leave(afar, gate, answer, region=found.target.region, given=given)


def found_by_name(afar: Afar, name: str, step: str) -> Found:
    """The generation about which people are asked by this name, as it stands, whoever works on its
    site. Opens no vault.

    Raises UsageError where they are not, AnswerRefused for one that goes or stays whatever is said.
    """
    from drkit.adapters.removals import DESTROY, removal_named
    from drkit.reaping import Reaper

    region, generation = removal_named(name) or ("", 0)
    if step != DESTROY:
        raise UsageError(f"`{step}` is nothing that {name} asks", remedy=f"gates: {DESTROY}")
    found = Reaper(afar.plan, region).seen(generation)
    if found.asked is None or found.asked.removal.name != name:
        raise UsageError(
            f"nobody is asked about {name}",
            remedy=f"`drkit reap {region}` says what is asked now",
        )
    if found.refused:
        raise AnswerRefused(
            f"{found.target.name} is not reaped, whatever people say: {found.refused}",
            remedy="nothing was recorded",
        )
    return found


def _must_ask(found: Found) -> Agreement:
    asked = found.asked
    if asked is None:
        raise AssertionError("who answers was shown what is asked")
    if asked.answer is not None and not asked.answer.consent:
        raise AnswerRefused(
            f"{asked.removal.name} is closed: {answer_said(asked.answer)}",
            remedy="the next `drkit reap` of it asks anew",
        )
    if asked.outdated:
        raise AnswerRefused(
            f"no answer to {asked.removal.name} counts by this plan: {asked.outdated}",
            remedy=f"have the same plan as {asked.removal.operator}, who asked; or ask anew by"
            " yours: `drkit reap`",
        )
    return asked


def _sign_and_leave(afar: Afar, gate: _Open, answer: Answer, *, region: str, given: Given) -> str:
    """Have ``answer`` signed, and leave it; returns the name of the code that it breaks."""
    from drkit.adapters.answers import is_signed_by, put_answer, sign
    from drkit.adapters.break_glass import prove, seal_name

    theirs = _key_of(afar.plan, gate, answer.person, given.at)
    seal = _seal(afar.plan, gate, given.code) if given.code else ""
    answer = replace(answer, code=seal_name(seal) if seal else "")
    proof = prove(given.code, seal, answer.statement()) if given.code else ""
    signed = sign(answer, given.key, proof=proof)
    if not is_signed_by(signed, theirs):
        raise AnswerRefused(
            f"{given.key} is not the key that the plan has for {answer.person}",
            remedy="name another with --key, or correct `people` in the plan",
        )
    put_answer(afar.store, region, signed)
    return answer.code


def _must_not_be_overtaken(gate: _Open, known: Known, *, consent: bool) -> None:
    """A key that wants to be touched takes its time: what is recorded by now is what counts."""
    said = gate_stands(known.records).get(gate.step, GateStand())
    if said.ended is not None and (said.state is State.DONE) != consent:
        raise AnswerRefused(
            f"too late: `{gate.step}` of {known.run} was closed meanwhile: {said.message}",
            remedy="your answer is kept, and counts for nothing: see `drkit status`",
        )


def _open(plan: Plan, known: Known, began: RunBegan, step: str) -> _Open:
    gates = [planned.id for planned in began.steps if planned.kind == "gate"]
    entry = plan.steps.get(step)
    if step not in gates or entry is None or entry.gate is None:
        raise UsageError(
            f"`{step}` is no gate of {known.run}", remedy=f"gates: {', '.join(gates) or 'none'}"
        )
    said = gate_stands(known.records).get(step, GateStand())
    found = _Open(
        step=step,
        gate=said.gate or gate_work(plan, entry, entry.gate),
        since=said.opened,
        overdue=said.silent,
    )
    if said.silent and said.state is State.REFUSED:
        raise _too_late(found)
    if said.ended is not None:
        raise AnswerRefused(
            f"`{step}` of {known.run} is answered already", remedy="see `drkit status`"
        )
    if is_over(known.records) or was_given_back(known.records):
        raise AnswerRefused(
            f"{known.run} is over: no answer opens `{step}` any more",
            remedy=f"`drkit status {known.run}` says how it ended; `drkit runs` lists what goes on",
        )
    return found


def _too_late(gate: _Open) -> AnswerRefused:
    limit = format_duration(gate.gate.limit) if gate.gate.limit else ""
    return AnswerRefused(
        f"too late: {gate.step} waited {limit} for an answer, until {gate.until}",
        remedy="silence counts as a no: `drkit status`; the same command begins another run",
    )


def _key_of(plan: Plan, gate: _Open, person: str, now: datetime) -> str:
    """The key by which ``person`` must sign an answer to this gate now."""
    from drkit.adapters.consent import role_of

    roles = gate.roles(now)
    if not roles:
        raise _too_late(gate)
    if role_of(plan, person, roles) is None:
        raise _not_asked(plan, gate, person, roles)
    key = plan.people[person].key
    if key is None:
        raise AnswerRefused(
            f"the plan has no key for {person}",
            remedy=f"write people.{person}.key: the line of ~/.ssh/id_ed25519.pub",
        )
    return key


def _not_asked(plan: Plan, gate: _Open, person: str, roles: Iterable[str]) -> AnswerRefused:
    from drkit.adapters.consent import able, role_of

    who = f"who has: {able(plan, roles)}"
    later = gate.gate.escalate
    if later and later not in roles and role_of(plan, person, (later,)):
        when = f"from {gate.until}" if gate.until else "once its limit is over"
        return AnswerRefused(f"{person} ({later}) is asked {when} only", remedy=who)
    names = " or ".join(f"`{role}`" for role in roles)
    return AnswerRefused(f"{person} has not the role {names} in this plan", remedy=who)


def _seal(plan: Plan, gate: _Open, code: Secret) -> str:
    """The plan's seal of ``code``, if it may stand in for a person at this gate."""
    from drkit.adapters.break_glass import seal_name, seal_of
    from drkit.adapters.runs_folder import RunsFolder

    if gate.gate.people < 2:
        raise AnswerRefused(
            f"`{gate.step}` asks one person, and no code stands in for the first",
            remedy="answer without --break-glass, and keep the code",
        )
    seal = seal_of(code, plan.break_glass)
    if seal is None:
        raise AnswerRefused(
            f"this is none of the {len(plan.break_glass)} sealed codes of the plan",
            remedy="type it once more: 20 letters and digits; nothing was used up",
        )
    if run := RunsFolder(plan.root).used_codes().get(seal_name(seal)):
        raise AnswerRefused(
            f"the code {seal_name(seal)} was used in {run}",
            remedy="each code works once: take another envelope",
        )
    return seal
