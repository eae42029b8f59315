"""A stack as a step: brings a Pulumi project up for one generation of a site, and previews it.

Safe to repeat: `up` changes what differs and nothing else, and an existing stack is refreshed
first, so that what was lost behind Pulumi's back is made again. What a killed update left is
cleared away before (law 4): repeating it would make a second one of everything in flight.
"""

from __future__ import annotations

import dataclasses
import secrets
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from pulumi.automation import StackNotFoundError

from drkit import processes
from drkit.adapters.hosts_output import Expected, unusable
from drkit.adapters.pulumi_capacity import bring_up, keep_types
from drkit.adapters.pulumi_deadline import deadline
from drkit.adapters.pulumi_operation import (
    OpenStack,
    create_or_select,
    outcome,
    select,
    translated,
)
from drkit.adapters.pulumi_repair import Stale, clear
from drkit.adapters.pulumi_settings import SEED, settings_of
from drkit.adapters.pulumi_state import read_state
from drkit.adapters.pulumi_workspace import Backend, backend_of, open_workspace
from drkit.errors import EffectUnknown, StepError
from drkit.model.outcome import Failure, Outcome, State
from drkit.model.step import StackWork
from drkit.ports import Context, Progress, Secret

_RESERVE = timedelta(seconds=30)
"""Kept of a step's limit, so that the CLI can end its own way before the supervisor ends it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What bringing a stack up would do, in resources."""

    create: int = 0
    update: int = 0
    delete: int = 0
    replace: int = 0
    same: int = 0


class StackTool:
    """Implements :class:`drkit.ports.Tool` for one stack of the plan (or ``outside``)."""

    def __init__(self, work: StackWork, *, backend: Backend | None = None) -> None:
        """``backend`` says where the state is, if not in the plan's state bucket."""
        self._name = work.stack
        self._backend = backend
        # built per try: what looking takes is no longer there for doing
        self._began = time.monotonic() - processes.age_of_try().total_seconds()

    def look(self, context: Context) -> Outcome | None:
        """After an unknown try: DONE when nothing is left to do, else None.

        Raises EffectUnknown, with the remedy, for what an earlier try left and nobody can tell.
        """
        with self._open(context, self._state_of(context), tell=_noted(context)) as stack:
            if stack.state.resources == 0:
                return None
            stack.run("refresh", _silent)
            found = stack.run("preview", _silent)
        if found.changed or found.failures or self._unusable(found.public_outputs(), context):
            return None
        return Outcome(state=State.DONE, changed=0, facts=found.public_outputs())

    def do(self, context: Context, progress: Progress) -> Outcome:
        """Bring the stack up. ``changed`` counts resources; facts are the outputs, less secrets.

        FAILED, too, where no later step could use its hosts: what is done is not tried again.
        """
        with self._open(context, self._state_of(context), tell=progress) as stack:
            ended = bring_up(stack, self._types(context), progress, region=context.target.region)
        if ended.done and (wrong := self._unusable(ended.facts, context)):
            failure = Failure(
                message=f"the output `hosts` of stack {self._name} cannot be used: {wrong}",
                remedy=f"mend stacks/{self._name} (docs/reference/stacks.md), then run the same "
                "command again",
            )
            return dataclasses.replace(
                ended, state=State.FAILED, message=failure.message, facts={}, failures=(failure,)
            )
        return ended

    def preview(self, context: Context) -> Preview:
        """What ``do`` would change; writes nothing, not even a stack that is not there yet.

        Raises StepError, also where the program or the provider refuses.
        """
        backend = self._state_of(context)
        try:
            with self._open(context, backend, create=False) as stack:
                found = stack.run("preview", _silent)
        except StackNotFoundError:
            with tempfile.TemporaryDirectory(prefix="drkit-preview-") as nowhere:
                blank = dataclasses.replace(backend, url=f"file://{nowhere}", endpoint=None)
                with self._open(context, blank) as stack:
                    found = stack.run("preview", _silent)
        if found.failures:
            first = found.failures[0]
            raise StepError(first.message, task=first.task, remedy=first.remedy)
        known = {entry.name for entry in dataclasses.fields(Preview)}
        return Preview(**{op: count for op, count in found.counts.items() if op in known})

    def destroy(self, context: Context, progress: Progress) -> Outcome:
        """Destroy what the stack made, if anything. Protected resources make it fail."""
        try:
            with self._open(context, self._state_of(context), create=False, tell=progress) as stack:
                return outcome(stack.run("destroy", progress), self._name)
        except StackNotFoundError:
            return Outcome(state=State.DONE, changed=0)

    def _types(self, context: Context) -> tuple[str, ...]:
        stack = context.plan.stacks.get(self._name)
        return stack.instances if stack else ()

    def _unusable(self, outputs: Mapping[str, object], context: Context) -> str:
        if (stack := context.plan.stacks.get(self._name)) is None:
            return ""
        jump = context.plan.sites[context.target.region].jump
        expected = Expected(stack=self._name, groups=stack.provides, jump=jump)
        return unusable(outputs, expected, context.facts)

    def _state_of(self, context: Context) -> Backend:
        return self._backend or backend_of(context.plan, context.world, context.vault)

    @contextmanager
    def _open(
        self,
        context: Context,
        backend: Backend,
        *,
        create: bool = True,
        tell: Progress | None = None,
    ) -> Iterator[OpenStack]:
        """The stack, ready for an operation. What a killed update left is cleared away, and told
        to ``tell``; without one it is an error (EffectUnknown), and nothing is written.
        """
        settings = settings_of(context, self._name)
        seed = {SEED: Secret(secrets.token_hex(32))} if settings.provides_hosts else {}
        with (
            open_workspace(
                context.plan.root / "stacks" / self._name,
                backend,
                stack=settings.stack,
                settings=settings.plain,
                secrets=seed,
            ) as opened,
            deadline(self._left(context), f"stack {self._name}"),
            translated(self._name),
        ):
            if settings.provides_hosts:
                opened.program.transformations += (keep_types,)
            stack, exported = (create_or_select if create else select)(opened, settings.stack)
            if tell is not None and exported.deployment:
                stale = Stale(opened, stack, settings.plain["aws:region"], exported)
                exported = clear(stale, backend, context, tell)
            state = read_state(exported)
            state.must_be_whole(self._name)
            if state.seed is not None:
                # made once per generation: the hosts that are there have keys of this seed
                opened.program.secrets = {f"{opened.project}:{SEED}": state.seed}
            yield OpenStack(
                name=self._name, opened=opened, stack=stack, state=state, log=context.log
            )

    def _left(self, context: Context) -> timedelta:
        """What is left of the try's time. Raises EffectUnknown if nothing is."""
        entry = context.plan.steps.get(self._name)
        limit = (entry.limit if entry else None) or context.plan.defaults.limit
        passed = timedelta(seconds=time.monotonic() - self._began)
        left = max(limit - _RESERVE, limit / 2) - passed
        if left <= timedelta():
            raise EffectUnknown(
                f"the limit of stack {self._name} was over before it was brought up",
                remedy="raise its limit, and run the same command again: it looks at what is "
                "there first",
            )
        return left


def _silent(_line: str) -> None: ...


def _noted(context: Context) -> Progress:
    """Into the log of the try: a look has nobody to tell."""

    def note(line: str) -> None:
        with context.log.open("a") as log:
            log.write(f"{line}\n")

    return note
