"""The last proof of a site: its newest rebuild or validation in which every process came back; and
what has changed since.

A deployment proves nothing here: it restores no store. Nor does a rebuild in which one process was
not proven, or whose proof was skipped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from drkit.engine.progress import run_of, stand
from drkit.model.outcome import State
from drkit.model.record import Record, StepEnded, StepStarted
from drkit.model.step import RunKind, last_proofs


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    run: str
    began: datetime
    at: datetime
    """When the last process was proven."""
    ended: datetime
    """When it last recorded anything."""
    steps: tuple[str, ...]
    """All that it had."""
    plan: Mapping[str, object]
    """As it was then."""
    digests: Mapping[str, str]
    """Step → sha256 of what its last try that ended well worked with."""
    facts: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """Step → what it reported."""


def proof_of(records: Sequence[Record]) -> Proof | None:
    """The proof that a run gave; None if it gave none."""
    began = run_of(records)
    if began is None or began.kind is RunKind.DEPLOY:
        return None
    live = last_proofs(step.id for step in began.steps)
    stood = stand(records)
    if not live or any(stood.states.get(step) is not State.DONE for step in live):
        return None
    ends = [r.at for r in records if isinstance(r.body, StepEnded) and r.body.step in live]
    return Proof(
        run=began.run,
        began=records[0].at,
        at=max(ends),
        ended=records[-1].at,
        steps=tuple(step.id for step in began.steps),
        plan=began.plan,
        digests=digests_of(records),
        facts=stood.facts,
    )


def digests_of(records: Iterable[Record]) -> Mapping[str, str]:
    """Step → sha256 of what its last try that ended well worked with."""
    started: dict[str, str] = {}
    found: dict[str, str] = {}
    for record in records:
        match record.body:
            case StepStarted(step=step, digest=digest):
                started[step] = digest
            case StepEnded(step=step, outcome=outcome) if outcome.done and step in started:
                found[step] = started[step]
            case _:
                pass
    return found


def changed_steps(before: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    """The steps of both that work with something else now, in the order of ``now``."""
    return tuple(step for step, digest in now.items() if before.get(step, digest) != digest)
