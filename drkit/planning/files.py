"""The files that a plan names: each that is missing is a problem of the steps that need it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from drkit.errors import Problem
from drkit.model.plan import Plan
from drkit.planning.cutover import CUTOVER_PLAYBOOKS

Exists = Callable[[Path], bool]
"""Whether a file or folder, relative to the plan's folder, is there."""

Named = tuple[str, Path, tuple[str, ...]]
"""Place in the plan, file, ids of the steps that need it."""


def file_problems(plan: Plan, exists: Exists) -> Iterator[Problem]:
    """One problem per file that is named and not there."""
    for place, path, affects in named_files(plan):
        if not exists(path):
            yield Problem(
                place=place,
                message=f"{path} is not there",
                remedy="write it, or correct the name",
                affects=affects,
            )


def named_files(plan: Plan) -> Iterator[Named]:
    """Every file and folder that the plan names."""
    yield from _infrastructure(plan)
    yield from _playbooks(plan)
    yield from _checks(plan)


def _infrastructure(plan: Plan) -> Iterator[Named]:
    for stack in plan.stacks:
        yield f"stacks.{stack}", Path("stacks") / stack, (stack,)


def _playbooks(plan: Plan) -> Iterator[Named]:
    named = [(f"stores.{s.name}", s.name, s.playbook) for s in plan.stores.values()]
    named += [(f"services.{s.name}", s.name, s.playbook) for s in plan.services.values()]
    named += [(f"steps.{e.name}", e.name, e.playbook) for e in plan.steps.values() if e.playbook]
    for entry in plan.steps.values():
        if entry.cutover:
            named += [
                (f"steps.{entry.name}", f"{entry.name}.{part}", playbook)
                for part, playbook in CUTOVER_PLAYBOOKS.items()
            ]
    for place, step, playbook in named:
        yield f"{place}.playbook", Path("playbooks") / f"{playbook}.yml", (step,)


def _checks(plan: Plan) -> Iterator[Named]:
    for service in plan.services.values():
        for path in service.checks:
            yield f"services.{service.name}.checks", path, (f"check.{service.name}",)
    for process in plan.processes.values():
        affects = (f"proof.{process.name}", f"live.{process.name}")
        yield f"processes.{process.name}.proof", process.proof, affects
    for provider in plan.providers.values():
        if provider.ledger:
            place = f"providers.{provider.name}.ledger"
            yield place, provider.ledger, (f"ledger.{provider.name}",)
    for entry in plan.steps.values():
        for path in entry.checks:
            yield f"steps.{entry.name}.checks", path, (entry.name,)
