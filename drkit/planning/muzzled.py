"""The graph of a validation: that of a rebuild, muzzled, and without all that acts on the world.

What reads the books of others, asks a person, or sends customers over is left out, with everything
that comes after. Before anything is restored, started or checked stands one step more: it closes
the ways out and proves that they are closed. What a standby is made of, too, runs beside it: that
stands for months with its ways out open, because nothing of it can act as the shop.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path

from drkit.errors import Problem
from drkit.model.plan import Plan
from drkit.model.step import (
    DnsWork,
    EpochWork,
    GateWork,
    LedgerWork,
    PlaybookWork,
    ProofWork,
    QuiesceWork,
    RevokeWork,
    Route,
    StackWork,
    Step,
    WaitWork,
)
from drkit.planning.files import Exists
from drkit.planning.making import step_of
from drkit.planning.standby import standing_by

MUZZLE = "muzzle"
"""The step, and the shop's playbook that does it."""


def muzzled(plan: Plan, whole: Mapping[str, Step]) -> dict[str, Step]:
    """The steps of a validation, from those of a rebuild of ``plan`` in topological order."""
    kept = without_what_acts(whole)
    stacks = tuple(name for name, step in kept.items() if isinstance(step.work, StackWork))
    answers = tuple(str(one.drill) for one in plan.providers.values() if one.drill)
    work = PlaybookWork(playbook=MUZZLE, hosts="all", sends=answers)
    muzzle = dataclasses.replace(step_of(plan, MUZZLE, work, stacks), needs=stacks)
    harmless = standing_by(plan, whole)
    behind = {
        name: step if name in harmless else dataclasses.replace(step, needs=(*step.needs, MUZZLE))
        for name, step in kept.items()
        if name not in stacks
    }
    return {**{name: kept[name] for name in stacks}, MUZZLE: muzzle, **behind}


def muzzle_problems(plan: Plan, exists: Exists) -> Iterator[Problem]:
    """What a validation needs of the shop before anything is built."""
    for provider in plan.providers.values():
        place = f"providers.{provider.name}.drill"
        if provider.drill is None:
            yield Problem(
                place=place,
                message=f"no program answers in {provider.name}'s stead: the copy of the shop may"
                " not call it, and has nobody else to call",
                remedy="write `drill: PATH`; docs/how-to/answer-for-a-provider.md says what it is",
            )
        elif not exists(provider.drill):
            yield Problem(
                place=place,
                message=f"{provider.drill} is not there",
                remedy="write it, or correct the name",
            )
    path = Path("playbooks") / f"{MUZZLE}.yml"
    if not exists(path):
        yield Problem(
            place="muzzle",
            message=f"{path} is not there: nothing would keep the copy from acting as the shop",
            remedy="write it: docs/how-to/validate-the-standby.md says what it does",
        )


def without_what_acts(whole: Mapping[str, Step]) -> dict[str, Step]:
    """Of the steps of a rebuild those that act on no person, no customer and no other site."""
    out = set(_behind(whole))
    kept = {name: step for name, step in whole.items() if name not in out and not _reads(step)}
    return {
        name: dataclasses.replace(step, needs=tuple(need for need in step.needs if need in kept))
        for name, step in kept.items()
    }


def _behind(whole: Mapping[str, Step]) -> Iterator[str]:
    """What acts on people, customers or other sites, and all that comes after it."""
    out: set[str] = set()
    for name, step in whole.items():
        if _acts(step) or out.intersection(step.needs):
            out.add(name)
            yield name


def _acts(step: Step) -> bool:
    match step.work:
        case GateWork() | EpochWork() | RevokeWork() | WaitWork() | DnsWork() | QuiesceWork():
            return True
        case ProofWork(route=Route.DNS):
            return True
        case _:
            return False


def _reads(step: Step) -> bool:
    """Whether it compares the books of others with the shop: these go on while nobody is lost."""
    return isinstance(step.work, LedgerWork)
