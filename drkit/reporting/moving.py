"""A planned move, as its journal has it: since when the old site is closed, and what came of that.

The clock of a planned move starts when the old site is closed to its customers: until then they
are served. Decides it by the hosts' own word where the closing ended well, else by its beginning,
which is never too late.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from drkit.engine.progress import is_over
from drkit.model.outcome import State
from drkit.model.place_record import SiteReopened, SiteServed
from drkit.model.record import (
    PlanChanged,
    Record,
    RunBegan,
    StepEnded,
    StepSkipped,
    StepStarted,
)
from drkit.model.step import KINDS as STEP_KINDS
from drkit.model.step import EpochWork, QuiesceWork, RunMode

CLOSED = "closed"
"""Fact of a step that closes the old site: when it did, RFC 3339."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Each is None as long as it has not happened."""

    closed: datetime | None = None
    """The old site takes no customers."""
    caught_up: datetime | None = None
    """All that it holds is outside."""
    given_up: datetime | None = None
    """The run goes on as an unplanned one."""
    reopened: datetime | None = None
    """From when on the old site is being given back: the run is not carried on any more."""
    served: datetime | None = None
    """The old site was given back, and serves its customers again."""
    sent_on: datetime | None = None
    """The cutover has begun: the customers go to the new site."""

    @property
    def holds_customers_off(self) -> bool:
        """Whether the old site is closed by the run, which may be carried on for that."""
        return self.closed is not None and self.reopened is None

    @property
    def keeps(self) -> bool:
        """Whether what the run restored grows no older with time alone: nobody is served meanwhile.
        One that gave its old site up does not know that.
        """
        return self.holds_customers_off and self.given_up is None

    @property
    def keeps_closed(self) -> bool:
        """Whether the old site takes no customers: also while it is being given back."""
        return self.closed is not None and self.served is None

    @property
    def can_be_broken_off(self) -> bool:
        """Whether the old site is closed by the run, and can still be given back."""
        return self.holds_customers_off and self.sent_on is None


def move_of(records: Sequence[Record]) -> Move | None:
    """The move that ``records`` tell of; None for a run that did not begin as a planned one."""
    began = records[0].body if records else None
    if not isinstance(began, RunBegan) or began.mode is not RunMode.PLANNED:
        return None
    move, closing, sending = Move(), _of_kind(began, QuiesceWork), _of_kind(began, EpochWork)
    for record in records:
        if isinstance(record.body, PlanChanged):
            sending |= _of_kind(record.body, EpochWork)
        if isinstance(record.body, StepStarted) and record.body.step in sending:
            move = replace(move, sent_on=move.sent_on or record.at)
        move = _after(move, record, closing)
    return move


def was_given_back(records: Iterable[Record]) -> bool:
    """Whether ``drkit reopen`` was begun since: what the run restored grows old with that."""
    return any(isinstance(record.body, SiteReopened) for record in records)


def awaits_word(records: Sequence[Record]) -> bool:
    """Whether giving the old site back is to be said in the journal of this run, until it says that
    the site serves again: a planned move that has closed it, and any other run that is not over,
    for what that restored grows old as well.
    """
    move = move_of(records)
    if move is not None and not move.given_up:
        return move.keeps_closed
    served = any(isinstance(record.body, SiteServed) for record in records)
    return not served and not is_over(records)


def _of_kind(planned: RunBegan | PlanChanged, work: type) -> set[str]:
    return {step.id for step in planned.steps if step.kind == STEP_KINDS[work]}


def _after(move: Move, record: Record, closing: set[str]) -> Move:
    match record.body:
        case StepStarted(step=step) if step in closing:
            return replace(move, closed=move.closed or record.at)
        case StepEnded(step=step, outcome=outcome) if step in closing:
            if outcome.state is not State.DONE:
                return move
            closed = _moment(outcome.facts.get(CLOSED)) or move.closed
            return replace(move, closed=closed, caught_up=record.at)
        case StepSkipped(step=step) if step in closing:
            return replace(move, given_up=record.at)
        case SiteReopened():
            return replace(move, reopened=move.reopened or record.at)
        case SiteServed():
            return replace(move, served=record.at)
        case _:
            return move


def _moment(fact: object) -> datetime | None:
    """None for what is no time with a zone: the step's own beginning counts then."""
    try:
        moment = datetime.fromisoformat(str(fact))
    except ValueError:
        return None
    return moment if moment.tzinfo else None
