"""What a journal says of its gates: whom each waits for, until when, and how that ended.

One wording for every output. A sealed code is shouted wherever its answer is told: somebody opened
an envelope that is there for the night on which nobody else can be had.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from drkit.model.outcome import State
from drkit.model.quantities import format_duration
from drkit.model.record import (
    GateAnswered,
    GateOpened,
    GateOverdue,
    PlanChanged,
    Record,
    StepPlanned,
)
from drkit.model.step import GateWork
from drkit.planning.closure import closure

SHOUT = "BREAK GLASS"


@dataclass(frozen=True, slots=True, kw_only=True)
class GateStand:
    """A gate at the end of the records. One that was answered in an old journal has no ``gate``."""

    state: State = State.WAITING
    message: str = ""
    gate: GateWork | None = None
    opened: datetime | None = None
    ended: datetime | None = None
    silent: bool = False
    """Nobody answered within its limit."""

    @property
    def until(self) -> datetime | None:
        """When its limit is over, while that is to come and changes something."""
        limit = self.gate.limit if self.gate else None
        waits = self.state is State.WAITING and not self.silent
        return self.opened + limit if self.opened and limit and waits else None


def gate_stands(records: Iterable[Record]) -> dict[str, GateStand]:
    """Gate → how it stands, for each that was opened or answered."""
    found: dict[str, GateStand] = {}
    for record in records:
        match record.body:
            case GateOpened(step=step) | GateOverdue(step=step) | GateAnswered(step=step):
                found[step] = stand_after(record, found.get(step, GateStand()))
            case PlanChanged() as changed:
                found = gates_after(changed, found)
            case _:
                pass
    return found


def gates_after(changed: PlanChanged, gates: Mapping[str, GateStand]) -> dict[str, GateStand]:
    """The gates that stay answered after a change of the plan: the others are opened anew."""
    return {
        name: stand
        for name, stand in gates.items()
        if stand.ended is not None and name not in {*changed.again, *changed.dropped}
    }


def stand_after(record: Record, before: GateStand) -> GateStand:
    """How a gate stands after a record of it."""
    match record.body:
        case GateOpened(gate=gate):
            return GateStand(gate=gate, opened=record.at, message=gate_waits(gate))
        case GateOverdue() as overdue:
            return _silent(before, overdue, record.at)
        case GateAnswered(consent=consent) as answer:
            return replace(
                before,
                state=State.DONE if consent else State.REFUSED,
                ended=record.at,
                message=answer_said(answer),
            )
        case _:
            return before


def answer_said(answer: GateAnswered) -> str:
    """``ana (lead) consented: the provider confirms the outage``."""
    word = "consented" if answer.consent else "refused"
    comment = f": {answer.comment}" if answer.comment else ""
    said = f"{answer.person} ({answer.role}) {word}{comment}"
    return f"{glass_said(answer)}; {said}" if answer.broken else said


def glass_said(answer: GateAnswered) -> str:
    """That a sealed code stood in for somebody at this gate; empty if none did."""
    if not answer.broken:
        return ""
    return f"{SHOUT}: the sealed code {answer.broken} stood in for a missing person"


ALONE = "alone: no second person was asked"


def answered_alone(records: Iterable[Record], planned: tuple[StepPlanned, ...]) -> frozenset[str]:
    """The gates before a cutover at which one person alone said yes, where no gate before it asked
    for more. None of a journal that does not say how many were asked.
    """
    before = _before_cutover(planned)
    asked: dict[str, int] = {}
    answered: set[str] = set()
    for record in records:
        match record.body:
            case GateOpened(step=step, gate=gate) if step in before:
                asked[step] = gate.people
            case GateAnswered(step=step, consent=True) if step in asked:
                answered.add(step)
            case _:
                pass
    return frozenset(answered) if all(people == 1 for people in asked.values()) else frozenset()


def _before_cutover(planned: tuple[StepPlanned, ...]) -> frozenset[str]:
    """All that the raising of the epoch waits for: with it the old site is fenced for good."""
    needs = {step.id: step.needs for step in planned}
    raising = [need for step in planned if step.kind == "epoch" for need in step.needs]
    return closure(raising, lambda name: needs.get(name, ()))


def shouts(answers: Iterable[GateAnswered]) -> str:
    """What the headline adds where codes were broken; empty where none was."""
    broken = [answer for answer in answers if answer.broken]
    return "".join(f" {glass_said(a)} at {a.step}, by {a.person}." for a in broken)


def gate_waits(
    gate: GateWork, *, also: str | None = None, said: Sequence[GateAnswered] = ()
) -> str:
    """Whom a gate waits for, in words; ``also`` is the role that was brought in, ``said`` the yes
    that it has.
    """
    roles = f"{gate.role} or {also}" if also else gate.role
    if said:
        return f"waits for {gate.people - len(said)} more of {roles}"
    who = f"{gate.people} of {roles}" if gate.people > 1 else roles
    return f"waits for {who}"


def _silent(before: GateStand, overdue: GateOverdue, at: datetime) -> GateStand:
    gate = before.gate
    limit = f"within {format_duration(gate.limit)}" if gate and gate.limit else "in time"
    nobody = f"nobody answered {limit}"
    if overdue.asks is None:
        message = f"{nobody}: silence is a no"
        return replace(before, state=State.REFUSED, ended=at, silent=True, message=message)
    waits = gate_waits(gate, also=overdue.asks) if gate else f"waits for {overdue.asks}"
    return replace(before, silent=True, message=f"{waits}: {nobody}")
