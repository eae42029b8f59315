"""Journals of several runs, a day apart, to be compared with each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from drkit.model.outcome import Outcome, State
from drkit.model.record import (
    IncidentBegan,
    Record,
    RunBegan,
    RunEnded,
    RunResumed,
    StepEnded,
    StepStarted,
    Target,
)
from drkit.reporting.history import Compared, history
from drkit.reporting.report import report
from tests.unit.reporting.journals import BEGAN, SKETCHES, Records, Story, play

FAILED = Outcome(state=State.FAILED, message="no")
DAY = timedelta(days=1)
TO = "recovered_to"
SECONDS: Mapping[str, float] = {sketch.id: sketch.seconds for sketch in SKETCHES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """``slower``: step → by how many seconds it takes longer than on other nights."""

    slower: Mapping[str, float] = field(default_factory=dict)
    story: Story = field(default_factory=Story)
    failed_first: Mapping[str, str] = field(default_factory=dict)
    """Step → the digest of a first try that failed; the second works with that of all others."""
    pause_before: str = ""
    """A step before which drkit was away for half an hour."""
    region: str = "eu-central-1"


def nights(found: Iterable[Night]) -> tuple[Compared, ...]:
    """The history of ``found``, which are given oldest first; newest first as it is."""
    made = [report(records_of(night, number)) for number, night in enumerate(found)]
    return history(tuple(reversed(made)))


def records_of(night: Night, number: int) -> Records:
    """The journal of the night that is so many days after the first."""
    seconds = {step: SECONDS[step] + more for step, more in night.slower.items()}
    story = replace(night.story, seconds={**night.story.seconds, **seconds})
    records = [record for one in play(story) for record in _tried(one, night)]
    if night.pause_before:
        records = _paused(records, night.pause_before)
    moved = (_moved(record, number * DAY, night) for record in records)
    return tuple(replace(record, seq=seq) for seq, record in enumerate(moved))


def _tried(record: Record, night: Night) -> Iterable[Record]:
    body = record.body
    digest = night.failed_first.get(body.step) if isinstance(body, StepStarted) else None
    if isinstance(body, StepStarted) and digest is not None:
        end = StepEnded(step=body.step, number=1, outcome=FAILED, elapsed=timedelta(seconds=1))
        yield replace(record, body=replace(body, digest=digest))
        yield replace(record, body=end)
        yield replace(record, body=replace(body, number=2))
    elif isinstance(body, StepEnded) and body.step in night.failed_first:
        yield replace(record, body=replace(body, number=2))
    else:
        yield record


def _paused(records: list[Record], step: str) -> list[Record]:
    """For a step that nothing runs beside: of what does, the end would move as well."""
    place = next(
        place
        for place, record in enumerate(records)
        if isinstance(record.body, StepStarted) and record.body.step == step
    )
    away = timedelta(minutes=30)
    left = records[place].at
    return [
        *records[:place],
        Record(seq=0, at=left, body=RunEnded(stand="interrupted")),
        Record(seq=0, at=left + away, body=RunResumed(operator="ana@laptop", pid=2)),
        *(replace(record, at=record.at + away) for record in records[place:]),
    ]


def _moved(record: Record, by: timedelta, night: Night) -> Record:
    body = record.body
    if isinstance(body, RunBegan):
        run = f"{BEGAN + by:%Y%m%d-%H%M%S}-{body.kind}-{night.region}"
        target = Target(shop="boutique", region=night.region, generation=1)
        body = replace(body, run=run, target=target)
    elif isinstance(body, IncidentBegan):
        body = replace(body, start=body.start + by)
    elif isinstance(body, StepEnded) and isinstance(point := body.outcome.facts.get(TO), str):
        point = (datetime.fromisoformat(point) + by).isoformat()
        facts = {**body.outcome.facts, TO: point}
        body = replace(body, outcome=replace(body.outcome, facts=facts))
    return replace(record, at=record.at + by, body=body)
