"""What was lost of what customers had been promised: decides the achieved RPO.

It comes from readings of outside ledgers and from nowhere else: not from backup times, not from
configuration. A process without a ledger, or whose ledger was not read, has an unknown loss; an
unreadable reading is never taken for an empty one. In a drill nobody has lost anything: what would
have been lost is at most what is younger than the points that its stores came back to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from drkit.engine.progress import run_of
from drkit.model.quantities import Money
from drkit.model.record import Record
from drkit.reporting.steps import StepReport, step_reports
from drkit.reporting.tries import Try


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """Something that a customer was told is done. ``at`` is when; ``money`` None: it has none."""

    ledger: str
    id: str
    at: datetime
    what: str
    money: Money | None
    lost_by: str = ""
    """The earlier rebuild that had lost it already; empty: none had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A ledger compared with the restored shop."""

    ledger: str
    read_at: datetime
    missing: tuple[Promise, ...]
    """Oldest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """What one process lost. ``achieved`` is None where it is not known, for ``reason``."""

    ledger: str | None
    achieved: timedelta | None
    at_most: bool = False
    """The true loss is shorter: the start of the incident was not observed, or it is a drill's."""
    missing: tuple[Promise, ...] = ()
    before: tuple[Promise, ...] = ()
    """What an earlier rebuild had lost, and nobody has made good since: no loss of this run."""
    reason: str = ""

    @property
    def money(self) -> tuple[Money, ...]:
        return total(self.missing)


def total(promises: Iterable[Promise]) -> tuple[Money, ...]:
    """The money of ``promises``, one amount for each currency, in the order of its code."""
    sums: dict[str, Money] = {}
    for promise in promises:
        if promise.money is not None:
            so_far = sums.get(promise.money.currency, Money(0, promise.money.currency))
            sums[promise.money.currency] = so_far + promise.money
    return tuple(sums[currency] for currency in sorted(sums))


def loss_of(
    ledger: str | None, *, steps: tuple[StepReport, ...], start: datetime, observed: bool
) -> Loss:
    """The loss of a process whose promises stand in ``ledger``.

    Achieved RPO = start of the incident − time of the oldest missing promise; zero when none is
    missing, and when the oldest was made after the start.
    """
    if ledger is None:
        return Loss(ledger=None, achieved=None, reason="the process names no ledger")
    read = _latest(ledger, steps)
    if isinstance(read, str):
        return Loss(ledger=ledger, achieved=None, reason=read)
    missing = tuple(promise for promise in read.missing if not promise.lost_by)
    before = tuple(promise for promise in read.missing if promise.lost_by)
    if not missing:
        return Loss(ledger=ledger, achieved=timedelta(), before=before)
    return Loss(
        ledger=ledger,
        achieved=max(start - missing[0].at, timedelta()),
        at_most=not observed,
        missing=missing,
        before=before,
    )


def exposure_of(ledger: str | None, way: Iterable[StepReport]) -> Loss:
    """What a process would have lost at most, had its site been lost when its stores were restored:
    what came after the point to which one of them came back, the oldest on its ``way``.

    An idle shop's newest transaction is old, and nothing has come after it: hence at most. A
    database takes up what is archived while it is restored: its point is then held against the end.
    """
    exposed: list[timedelta] = []
    for step in way:
        if step.kind == "store" and step.facts.get("recovery_point"):
            try:
                exposed.append(_younger_than(_moment(step.facts["recovered_to"]), step.tries[-1]))
            except (KeyError, TypeError, ValueError):
                reason = f"{step.id} does not say to which moment it was restored"
                return Loss(ledger=ledger, achieved=None, reason=reason)
    if not exposed:
        return Loss(ledger=ledger, achieved=None, reason="no store of it was restored")
    return Loss(ledger=ledger, achieved=max(timedelta(), *exposed), at_most=True)


def _younger_than(point: datetime, restore: Try) -> timedelta:
    """The time in which a site could have been lost and something with it, at most."""
    ahead = point > restore.began
    return (restore.ended if ahead and restore.ended else restore.began) - point


def lost_by(records: tuple[Record, ...], ledger: str, *, run: str) -> Mapping[str, str]:
    """The promises of ``ledger`` that were missing when ``run``, that of ``records``, raised the
    epoch → the rebuild that lost them; none while its customers may still be given back what they
    had.
    """
    began = run_of(records)
    steps = step_reports(began.steps, records) if began else ()
    if not any(step.kind == "epoch" and step.done for step in steps):
        return {}
    read = _latest(ledger, steps)
    missing = () if isinstance(read, str) else read.missing
    return {promise.id: promise.lost_by or run for promise in missing}


def by_rebuild(promises: Iterable[Promise]) -> Mapping[str, tuple[Promise, ...]]:
    """What was lost before, by the rebuilds that lost it, the earliest first."""
    held = tuple(promises)
    runs = sorted({promise.lost_by for promise in held})
    return {run: tuple(p for p in held if p.lost_by == run) for run in runs}


def distinct(promises: Iterable[Promise]) -> tuple[Promise, ...]:
    """Each promise once, though several processes may share a ledger; oldest first."""
    once = {(p.ledger, p.id): p for p in promises}
    return tuple(sorted(once.values(), key=lambda p: (p.at, p.ledger, p.id)))


def _latest(ledger: str, steps: tuple[StepReport, ...]) -> Reading | str:
    """The newest reading of ``ledger``, or why there is none."""
    found: list[Reading] = []
    for step in steps:
        if step.kind != "ledger" or not step.done or step.facts.get("provider") != ledger:
            continue
        try:
            found.append(_reading(step.facts))
        except (KeyError, TypeError, ValueError) as error:
            return f"the reading by {step.id} cannot be understood: {error!r}"
    if not found:
        return f"the ledger {ledger} was not read"
    return max(found, key=lambda reading: reading.read_at)


def _reading(facts: Mapping[str, object]) -> Reading:
    """Facts of a ledger step as a value. Raises KeyError, TypeError, ValueError."""
    ledger = str(facts["provider"])
    entries = facts["missing"]
    if not isinstance(entries, list | tuple):
        raise TypeError("missing is a list")
    missing = [_promise(ledger, entry) for entry in entries]
    return Reading(
        ledger=ledger,
        read_at=_moment(facts["read_at"]),
        missing=tuple(sorted(missing, key=lambda promise: (promise.at, promise.id))),
    )


def _promise(ledger: str, entry: Mapping[str, object]) -> Promise:
    cents = entry["cents"]
    if cents is not None and (isinstance(cents, bool) or not isinstance(cents, int)):
        raise TypeError(f"cents {cents!r} is no whole number")
    currency = entry["currency"]
    return Promise(
        ledger=ledger,
        id=str(entry["id"]),
        at=_moment(entry["at"]),
        what=str(entry["what"]),
        # a parcel costs nothing in no currency: that is no amount, and not one of 0.00
        money=Money(cents, str(currency)) if cents is not None and currency else None,
        lost_by=str(entry.get("lost_by", "")),
    )


def _moment(value: object) -> datetime:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    if moment.tzinfo is None:
        raise ValueError(f"time {value!r} names no zone")
    return moment
