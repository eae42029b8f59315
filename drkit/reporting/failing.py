"""Which steps fail that did not, recovered, or do now this and now that.

Decides by how a step came out in each run in which it was tried to an end. Refuses to call a step
flaky that failed and was mended: within a run its second try must have worked with the very same
files (the digest that each try records), and over runs it must have failed anew after it had come
up. What was mended elsewhere (a host, a mirror) cannot be told from chance, and looks flaky.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise, takewhile

from drkit.model.outcome import State
from drkit.reporting.past_run import PastRun
from drkit.reporting.steps import StepReport
from drkit.reporting.usual import WINDOW

_SPELLS = 2
"""So often must a step have begun to fail to alternate: once is a defect, and its end a repair."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewlyFailing:
    step: str
    done_before: int
    """In how many runs before, without one between in which it failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    step: str
    failed_before: int
    """In how many runs before, without one between in which it was done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaky:
    step: str
    within: bool
    """In this run a try failed, and the next, with nothing of it changed, did not."""
    failed: int
    """In how many runs it failed, at first or for good; this one counts."""
    of: int
    """Of how many."""


def failing(run: PastRun, before: Sequence[PastRun]) -> Iterator[NewlyFailing | Recovered | Flaky]:
    """``before``: runs that ``run`` can be compared with, newest first."""
    for step in run.steps.values():
        if not _came_out(step):
            continue
        same = (one.steps[step.id] for one in before if step.id in one.steps)
        earlier = [one for one in same if _came_out(one)][:WINDOW]
        if (change := _change(step, earlier)) is not None:
            yield change


def came_up_again(step: StepReport) -> bool:
    """Whether a try of it failed, and the next, with the same files, did not."""
    return any(
        one.state is State.FAILED and after.state is State.DONE and one.digest == after.digest
        for one, after in pairwise(step.tries)
    )


def _change(
    step: StepReport, earlier: Sequence[StepReport]
) -> NewlyFailing | Recovered | Flaky | None:
    turned = bool(earlier) and step.done != earlier[0].done
    within = came_up_again(step)
    if within or (turned and _spells([step, *earlier]) >= _SPELLS):
        stumbled = [not one.done or came_up_again(one) for one in (step, *earlier)]
        return Flaky(step=step.id, within=within, failed=sum(stumbled), of=len(stumbled))
    if not turned:
        return None
    alike = len(list(takewhile(lambda one: one.done == earlier[0].done, earlier)))
    if step.done:
        return Recovered(step=step.id, failed_before=alike)
    return NewlyFailing(step=step.id, done_before=alike)


def _spells(found: Sequence[StepReport]) -> int:
    """How many unbroken rows of failures there are."""
    return sum(1 for done, _ in groupby(found, key=lambda step: step.done) if not done)


def _came_out(step: StepReport) -> bool:
    """Done or failed: an unknown, skipped or left out one says nothing of the step."""
    return step.kind != "gate" and step.state in {State.DONE, State.FAILED}
