"""Which processes took longer to come back than in the runs before, and what made them.

Decides the one cause of each: of all that is on the process's way back, what grew most against its
own median in the runs before. Refuses to name a cause that accounts for less than a third of the
growth: then no one step is to blame, and a name would send somebody to the wrong log.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from drkit.reporting.expected import median
from drkit.reporting.past_run import PastRun
from drkit.reporting.recoveries import Recovery
from drkit.reporting.steps import StepReport
from drkit.reporting.usual import WINDOW, longer

_ACCOUNTS_FOR = 1 / 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """What held a process up for longer. ``what``: a step, or :data:`~.recoveries.BEFORE` or
    :data:`~.recoveries.PAUSE`."""

    what: str
    took: timedelta
    usual: timedelta | None
    """The median of the runs before; None: it was in none of them."""
    step: StepReport | None
    """None of what is no step."""

    @property
    def grew(self) -> timedelta:
        return self.took - (self.usual or timedelta(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Slower:
    """``took`` is beyond what is usual ``by`` so much: the recovery time; or ``in_work``, the time
    of the tools alone, where people were quick enough to hide it, or slow enough to bury it."""

    process: str
    took: timedelta
    by: timedelta
    in_work: bool
    before: int
    """How many runs before it is compared with."""
    cause: Cause | None

    @property
    def usual(self) -> timedelta:
        return self.took - self.by


def slower(run: PastRun, before: Sequence[PastRun]) -> Iterator[Slower]:
    """``before``: runs that ``run`` can be compared with, newest first."""
    for recovery in run.recoveries.values():
        if recovery.took is None:
            continue
        felt = _felt(recovery, recovery.took, run, before)
        worked = _worked(recovery, before)
        if felt is not None:
            yield felt
        if worked is not None and (felt is None or _named(felt) != _named(worked)):
            yield worked


def comparable(recovery: Recovery, before: Sequence[PastRun]) -> tuple[timedelta, ...]:
    """The recovery times that this one can be compared with: the newest, of runs in which the
    process came back, and the start of the incident was seen, or was not, as in this."""
    times = (one.took for one in _same(recovery, before) if one.at_least == recovery.at_least)
    return tuple(took for took in times if took is not None)[:WINDOW]


def _felt(
    recovery: Recovery, took: timedelta, run: PastRun, before: Sequence[PastRun]
) -> Slower | None:
    usual = comparable(recovery, before)
    by = longer(took, usual, unsure=run.report.header.set_back)
    if by is None:
        return None
    causes = [*_steps(recovery, before, gates=True), *_waits(recovery, before)]
    return Slower(
        process=recovery.name,
        took=took,
        by=by,
        in_work=False,
        before=len(usual),
        cause=_greatest(causes, by),
    )


def _worked(recovery: Recovery, before: Sequence[PastRun]) -> Slower | None:
    usual = tuple(one.work for one in _same(recovery, before))[:WINDOW]
    by = longer(recovery.work, usual)
    if by is None:
        return None
    return Slower(
        process=recovery.name,
        took=recovery.work,
        by=by,
        in_work=True,
        before=len(usual),
        cause=_greatest(_steps(recovery, before, gates=False), by),
    )


def _same(recovery: Recovery, before: Sequence[PastRun]) -> Iterator[Recovery]:
    """The same process in the runs before in which it came back."""
    for run in before:
        one = run.recoveries.get(recovery.name)
        if one is not None and one.took is not None:
            yield one


def _steps(recovery: Recovery, before: Sequence[PastRun], *, gates: bool) -> Iterator[Cause]:
    for step in recovery.way:
        if step.elapsed is None or (step.kind == "gate" and not gates):
            continue
        earlier = [run.steps[step.id] for run in before if step.id in run.steps]
        spans = [one.elapsed for one in earlier if one.done and one.elapsed is not None]
        yield Cause(what=step.id, took=step.elapsed, usual=median(spans[:WINDOW]), step=step)


def _waits(recovery: Recovery, before: Sequence[PastRun]) -> Iterator[Cause]:
    same = list(_same(recovery, before))[:WINDOW]
    for what, took in recovery.waits.items():
        usual = median(one.waits[what] for one in same)
        yield Cause(what=what, took=took, usual=usual, step=None)


def _greatest(causes: Iterable[Cause], by: timedelta) -> Cause | None:
    """What grew most, if that accounts for enough of ``by``."""
    found = max(causes, key=lambda cause: cause.grew, default=None)
    return found if found is not None and found.grew >= _ACCOUNTS_FOR * by else None


def _named(found: Slower) -> str:
    return found.cause.what if found.cause else ""
