"""Met, missed, failed or unknown: decides each verdict, and the code that the command ends with.

Unknown is not met: an objective whose clock has no observed start, or whose ledger was not read,
is never given as met. Unknown is not failed either. A length that is only "at least" can still be
too long, and one that is only "at most" can still be short enough: those two are certain.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum

from drkit.errors import Exit
from drkit.model.outcome import State
from drkit.reporting.clocks import Downtime
from drkit.reporting.losses import Loss
from drkit.reporting.steps import StepReport

CHECKS = frozenset({"proof", "check", "drift"})
"""Kinds of steps whose failing says that the shop is wrong, not that a tool broke."""


class Verdict(StrEnum):
    MET = "met"
    MISSED = "missed"
    """It works, but came too late, or too much is lost."""
    FAILED = "failed"
    """It does not work."""
    UNKNOWN = "unknown"


def rto_verdict(down: Downtime, rto: timedelta, *, broken: bool) -> Verdict:
    """``broken``: something on the way to the process's live proof has failed."""
    if down.open and broken:
        return Verdict.FAILED
    if down.length > rto:
        return Verdict.MISSED
    return Verdict.UNKNOWN if down.at_least else Verdict.MET


def rpo_verdict(loss: Loss, rpo: timedelta) -> Verdict:
    if loss.achieved is None:
        return Verdict.UNKNOWN
    if loss.achieved <= rpo:
        return Verdict.MET
    return Verdict.UNKNOWN if loss.at_most else Verdict.MISSED


def exit_code(
    steps: tuple[StepReport, ...],
    verdicts: Iterable[Verdict],
    *,
    waits: bool,
    stays: bool = False,
) -> Exit:
    """7 while a person is awaited, for the run is not over; else the first of 6, 5, 4, 8; else 0.

    ``stays``: something that was to be taken away is still there, which is a step that failed.

    A process that does not work although no step failed (a consent was refused) counts as a
    missed objective or as unknown, by its verdict.
    """
    if waits:
        return Exit.WAITS
    failed = [step for step in steps if step.state is State.FAILED]
    given = set(verdicts)
    if stays or any(step.kind not in CHECKS for step in failed):
        return Exit.STEP_FAILED
    if failed:
        return Exit.CHECK_FAILED
    if given & {Verdict.MISSED, Verdict.FAILED}:
        return Exit.OBJECTIVE_MISSED
    if Verdict.UNKNOWN in given or any(step.state is not State.DONE for step in steps):
        return Exit.UNKNOWN
    return Exit.OK
