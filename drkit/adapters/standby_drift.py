"""The standby of a warm site compared with what its stacks have made.

Runs no program and writes nothing. Refuses to call it well where a stack of it cannot be compared:
that is unknown, and what is not there is a failure.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

from drkit.adapters.pulumi_drift import differences
from drkit.adapters.pulumi_operation import outcome
from drkit.adapters.pulumi_stack import StackTool
from drkit.adapters.remains import remains
from drkit.errors import EffectUnknown, Problem
from drkit.model.outcome import Failure, Outcome, State
from drkit.model.step import DriftWork, RunKind, StackWork
from drkit.ports import Context, Progress
from drkit.reporting.readiness.stacks import Difference, drifted


class DriftTool:
    """Implements :class:`drkit.ports.Tool` for the standby of the site that is validated."""

    def __init__(self, work: DriftWork) -> None:
        self._generation = work.generation

    def look(self, context: Context) -> Outcome | None:
        """To look twice changes nothing."""
        del context
        return None

    def do(self, context: Context, progress: Progress) -> Outcome:
        """DONE where every stack of the plan stands as it was made; else FAILED, with what does
        not. Raises EffectUnknown where the cloud does not say.
        """
        region = context.target.region
        bring_up = f"bring it up: `drkit standby --region {region}`"
        if self._generation is None:
            nothing = f"nothing stands by in {region}"
            return _failed(nothing, [Failure(message=nothing, remedy=bring_up)])
        target = dataclasses.replace(context.target, generation=self._generation)
        standby = dataclasses.replace(context, target=target, kind=RunKind.STANDBY, expires=None)
        there = {each.stack: each for each in remains(context.world, context.plan, target)}
        wrong: list[str] = []
        failures: list[Failure] = []
        unknown: list[EffectUnknown] = []
        for stack in context.plan.stacks:
            progress(f"{stack} of {target.name}")
            if stack in there:
                try:
                    found = _compared(stack, standby)
                except EffectUnknown as error:
                    unknown.append(error)
                    continue
                wrong += sorted({f"{stack} {each.how}" for each in found})
                failures += _failures(drifted(context.plan, target, stack, found))
            else:
                wrong.append(f"{stack} missing")
                nothing = f"{target.name} {stack}: nothing of it is there"
                failures.append(Failure(message=nothing, remedy=bring_up))
        if failures:
            failures += [Failure(message=str(each), remedy=each.remedy) for each in unknown]
            return _failed(f"{target.name} has drifted: {', '.join(wrong)}", failures)
        if unknown:
            raise unknown[0]
        count = sum(len(each.resources) for each in there.values())
        stands = f"{target.name} stands as it was made, {count} resources"
        return Outcome(state=State.DONE, changed=0, message=stands)


def _failures(problems: Iterable[Problem]) -> Iterator[Failure]:
    for problem in problems:
        yield Failure(message=f"{problem.place}: {problem.message}", remedy=problem.remedy)


def _failed(message: str, failures: list[Failure]) -> Outcome:
    return Outcome(state=State.FAILED, message=message, failures=tuple(failures))


def _compared(stack: str, standby: Context) -> tuple[Difference, ...]:
    account = StackTool(StackWork(stack=stack)).compare(standby)
    ended = outcome(account, stack)
    if not ended.done:
        raise EffectUnknown(
            f"how the cloud has {standby.target.name} {stack} is not known: {ended.message}",
            remedy="validate again; `drkit ready --previews` looks at it, too",
        )
    return differences(account.refreshed)
