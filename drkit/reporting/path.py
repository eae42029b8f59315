"""What set the length of a run: decides the critical path and the slowest steps, from what
happened and not from what was planned."""

from __future__ import annotations

from collections.abc import Mapping

from drkit.model.outcome import State
from drkit.model.step import last_proofs
from drkit.reporting.steps import StepReport, wrong


def critical_path(steps: tuple[StepReport, ...]) -> tuple[str, ...]:
    """Ids from the first step to where the run came to, each the last that the next waited for.

    It leads to the last proof: a shorter downtime needs one of these steps to be shorter.
    While none has passed it leads to the gate that waits, else to what went wrong, else to the
    step that ended last; empty if no step began.
    """
    begun = {step.id: step for step in steps if step.began is not None}
    reached = _reached(steps, tuple(begun.values()))
    return tuple(step.id for step in _way(begun, reached))


def way_to(step: str, steps: tuple[StepReport, ...]) -> tuple[StepReport, ...]:
    """The critical path that leads to ``step``, which is its last; empty if it never began."""
    return _way({one.id: one for one in steps if one.began is not None}, (step,))


def _way(begun: Mapping[str, StepReport], waiting_for: tuple[str, ...]) -> tuple[StepReport, ...]:
    path: list[StepReport] = []
    while reached := [begun[step] for step in waiting_for if step in begun]:
        # a step without an end is still at it: nothing ended later
        last = max(reached, key=lambda step: (step.ended is None, step.ended, step.id))
        path.append(last)
        waiting_for = last.needs
    return tuple(reversed(path))


def _reached(planned: tuple[StepReport, ...], begun: tuple[StepReport, ...]) -> tuple[str, ...]:
    last = last_proofs(step.id for step in planned)
    live = [s.id for s in begun if s.id in last and s.done]
    gates = [s.id for s in begun if s.kind == "gate" and s.state is State.WAITING]
    failed = [s.id for s in begun if s.state is State.FAILED] or [s.id for s in wrong(begun)]
    return tuple(live or gates or failed or [s.id for s in begun])


def slowest(steps: tuple[StepReport, ...], *, count: int = 5) -> tuple[StepReport, ...]:
    """The steps that took the greatest share of their budget, the worst first. Gates are left
    out: a person's time to answer is no tool's."""
    timed = [step for step in steps if step.share is not None and step.kind != "gate"]
    return tuple(sorted(timed, key=lambda step: (-(step.share or 0), step.id))[:count])
