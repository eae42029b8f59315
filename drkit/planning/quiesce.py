"""A planned move: where the old site is closed among the steps of a rebuild, and what that asks.

Customers are without the shop from there on, so all that can be built without the data comes
before; every restore, every reading of the books and the cutover come after. What is missing or
broken before it keeps the old site open: closing a healthy shop is the one harm a move can do.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from drkit.errors import Problem
from drkit.model.step import (
    EpochWork,
    LedgerWork,
    Mode,
    RunMode,
    Step,
    StoreWork,
)
from drkit.planning.closure import closure
from drkit.planning.files import Exists

QUIESCE = "quiesce"
"""The step, and the shop's playbook that does it."""
REOPEN = "reopen"
"""The shop's playbook that gives the old site back to its customers."""


def around_quiesce(steps: Mapping[str, Step], *, refused: Collection[str]) -> dict[str, Step]:
    """``steps`` with the step :data:`QUIESCE` in its place: after all that needs no data of the old
    site, before the rest. ``refused`` will not run, so that nothing waits for them.
    """
    waiting = {name for name, step in steps.items() if _wants_the_end(step)}
    behind = _with_what_needs_them(steps, {*waiting, QUIESCE})
    left_out = _with_what_needs_them(steps, refused)
    ahead = [name for name in steps if name not in behind and name not in left_out]
    placed = {name: _after(steps[name], [QUIESCE]) for name in waiting}
    placed[QUIESCE] = _after(steps[QUIESCE], ahead)
    return {**steps, **placed}


def given_up(
    mode: RunMode | None, steps: Mapping[str, Step], satisfied: Collection[str], reason: str
) -> Mapping[str, str]:
    """Step → reason, for what a planned run leaves out that goes on as an unplanned one."""
    if mode is not RunMode.UNPLANNED or QUIESCE not in steps or QUIESCE in satisfied:
        return {}
    return {QUIESCE: f"--mode {mode}: {reason.strip() or 'the old site is given up'}"}


def mode_problems(mode: RunMode | None, exists: Exists) -> Iterator[Problem]:
    """What a planned move needs of the shop, before its site is closed: also the way back."""
    for playbook in (QUIESCE, REOPEN) if mode is RunMode.PLANNED else ():
        path = Path("playbooks") / f"{playbook}.yml"
        if not exists(path):
            yield Problem(
                place="--mode",
                message=f"{path} is not there",
                remedy="write it: docs/how-to/move-planned.md says what it does",
            )


def _wants_the_end(step: Step) -> bool:
    """Whether a step must see the very end of what the old site took, or ends it for good."""
    match step.work:
        case StoreWork(mode=Mode.RESTORE) | LedgerWork() | EpochWork():
            return True
        case _:
            return False


def _with_what_needs_them(steps: Mapping[str, Step], roots: Collection[str]) -> frozenset[str]:
    users: dict[str, list[str]] = {}
    for name, step in steps.items():
        for need in step.needs:
            users.setdefault(need, []).append(name)
    return closure(roots, lambda name: users.get(name, ()))


def _after(step: Step, more: Iterable[str]) -> Step:
    return dataclasses.replace(step, needs=tuple(dict.fromkeys([*step.needs, *more])))
