"""One generation's stacks, destroyed by Pulumi one by one: what the ground under each is told.

Nothing is destroyed by any other way than the tool's, so what it protects, or cannot remove, stays
and is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drkit.errors import ConfigurationError, StepError
from drkit.model.outcome import Failure
from drkit.model.plan import Plan
from drkit.model.record import Target
from drkit.model.step import RunKind, StackWork
from drkit.planning.reaping import order_of_removal
from drkit.ports import Context, Secret, World

if TYPE_CHECKING:
    from drkit.adapters.remains import Remains
    from drkit.agreeing import Agreement


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaped:
    """What came of it."""

    target: Target
    removed: Mapping[str, int]
    """Stack → how many resources went."""
    stays: Mapping[str, str]
    """Stack → why something of it is still there, and what to do."""
    agreed: Agreement | None = None
    """By whose yes, where customers were on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Destroying:
    """The generation that goes."""

    plan: Plan
    target: Target
    world: World
    vault: Mapping[str, Secret]
    say: Callable[[str], None]
    asked_to_end: Callable[[], bool]
    """Whether somebody elsewhere asked for an end, or took the site over."""

    def all_of(self, remains: Iterable[Remains]) -> Reaped:
        """Destroy every stack, each before those that it needs; one that is still needed stays."""
        removed: dict[str, int] = {}
        stays = {
            each.project: "no stack of the plan has this project; `pulumi destroy` it by hand"
            for each in remains
            if not each.stack
        }
        for name in order_of_removal(self.plan):
            if self.asked_to_end():
                stays[name] = "somebody asked for an end, or took the site over; not touched"
                continue
            using = [stack.name for stack in self.plan.stacks.values() if name in stack.needs]
            if blocking := [user for user in using if user in stays]:
                stays[name] = f"{', '.join(blocking)}, which needs it, is still there"
                continue
            self.say(f"{name} of {self.target.name}")
            removed[name], trouble = self.stack(name)
            if trouble:
                stays[name] = trouble
        return Reaped(target=self.target, removed=removed, stays=stays)

    def stack(self, name: str) -> tuple[int, str]:
        """Destroy one stack: how many resources went, and why something stays; empty: it is gone.

        Raises StepError for a vault without what Pulumi needs.
        """
        from drkit.adapters.pulumi_stack import StackTool
        from drkit.adapters.runs_folder import RunsFolder
        from drkit.adapters.scratch import working_in_scratch
        from drkit.adapters.work_here import do_here

        work = f"reap {self.target.name} {name}"
        with working_in_scratch(RunsFolder(self.plan.root).path, work) as folder:
            context = Context(
                run="reap",
                kind=RunKind.DEPLOY,
                plan=self.plan,
                target=self.target,
                world=self.world,
                folder=folder,
                log=folder / f"{name}.log",
                facts=self._facts(name),
                vault=self.vault,
                lost=RunsFolder(self.plan.root).cut_off_on(self.target),
            )
            ended = do_here(StackTool(StackWork(stack=name)).destroy, context, self.say)
        trouble = "; ".join(_said(failure) for failure in ended.failures) or ended.message
        return ended.changed or 0, "" if ended.done else trouble

    def _facts(self, name: str) -> Mapping[str, Mapping[str, object]]:
        """What the stacks that it needs made, where that is known: nothing is destroyed by it, but
        a state that is brought back is compared with what the program would make.
        """
        from drkit.adapters.pulumi_outputs import outputs, public
        from drkit.adapters.pulumi_workspace import backend_of

        backend = backend_of(self.plan, self.world, self.vault)
        facts: dict[str, Mapping[str, object]] = {}
        for need in self.plan.stacks[name].needs:
            try:
                made = outputs(self.plan, backend, name=need, stack=self.target.name)
            except (ConfigurationError, StepError):
                made = {}
            facts[need] = public(made)
        return facts


def _said(failure: Failure) -> str:
    place = f"{failure.task}: " if failure.task else ""
    return f"{place}{failure.message}" + (f" → {failure.remedy}" if failure.remedy else "")
