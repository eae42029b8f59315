"""A stack as a step: brings a Pulumi project up for one generation of a site, previews it, and
destroys it.

Safe to repeat: `up` changes what differs and nothing else, and an existing stack is refreshed
first, so that what was lost behind Pulumi's back is made again. What is wrong with its state is
mended before (law 4, :mod:`drkit.adapters.pulumi_opening`).
"""

from __future__ import annotations

import dataclasses
import tempfile
import time
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from pulumi.automation import StackNotFoundError

from drkit import processes
from drkit.adapters.hosts_output import Expected, unusable
from drkit.adapters.pulumi_capacity import bring_up
from drkit.adapters.pulumi_events import Account
from drkit.adapters.pulumi_opening import Opening
from drkit.adapters.pulumi_operation import OpenStack, outcome
from drkit.adapters.pulumi_workspace import Backend, backend_of
from drkit.adapters.still_hosts import start_still, still
from drkit.errors import EffectUnknown, StepError
from drkit.model.outcome import Failure, Outcome, State
from drkit.model.step import RemovalWork, StackWork
from drkit.ports import Context, Progress

_RESERVE = timedelta(seconds=30)
"""Kept of a step's limit, so that the CLI can end its own way before the supervisor ends it."""
_BY_TAG = (
    "look for it in the cloud by its tags `site` and `generation`, and remove it by hand: nothing"
    " knows of it any more"
)

_HOLDS = "BucketNotEmpty"
"""How S3 refuses to delete a bucket (its error codes)."""
_FULL = (
    "drkit deletes no backup: see what is in it, empty it of all versions when nobody needs them,"
    " and run the same command again"
)


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
        self._notes: list[str] = []
        # built per try: what looking takes is no longer there for doing
        self._began = time.monotonic() - processes.age_of_try().total_seconds()

    def look(self, context: Context) -> Outcome | None:
        """After an unknown try: DONE when nothing is left to do, else None.

        Raises EffectUnknown, with the remedy, for what an earlier try left and nobody can tell.
        """
        with self._open(context, tell=_into_log(context)) as stack:
            if stack.state.resources == 0:
                return None
            stands = still(context.world, context.target.region, stack.state.hosts)
            stack.run("refresh", _silent)
            found = stack.run("preview", _silent)
        if stands or found.changed or found.failures:
            return None
        if self._unusable(found.public_outputs(), context):
            return None
        return self._noted(Outcome(state=State.DONE, changed=0, facts=found.public_outputs()))

    def do(self, context: Context, progress: Progress) -> Outcome:
        """Bring the stack up, and start what of its hosts stands still. ``changed`` counts
        resources; facts are the outputs, less secrets.

        FAILED, too, where no later step could use its hosts: what is done is not tried again.
        """
        region = context.target.region
        with self._open(context, tell=progress) as stack:
            started = start_still(context.world, region, stack.state.hosts, progress)
            ended = bring_up(stack, self._types(context), progress, region=region)
        if started:
            self._notes.append(f"started, for it stood still: {', '.join(started.values())}")
            ended = dataclasses.replace(ended, changed=(ended.changed or 0) + len(started))
        if ended.done and (wrong := self._unusable(ended.facts, context)):
            failure = Failure(
                message=f"the output `hosts` of stack {self._name} cannot be used: {wrong}",
                remedy=f"mend stacks/{self._name} (docs/reference/stacks.md), then run the same "
                "command again",
            )
            ended = dataclasses.replace(
                ended, state=State.FAILED, message=failure.message, facts={}, failures=(failure,)
            )
        return self._noted(ended)

    def preview(self, context: Context) -> Preview:
        """What ``do`` would change; writes nothing, not even a stack that is not there yet.

        Raises StepError, also where the program or the provider refuses.
        """
        found = self.foresee(context)
        if found.failures:
            first = found.failures[0]
            raise StepError(first.message, task=first.task, remedy=first.remedy)
        known = {entry.name for entry in dataclasses.fields(Preview)}
        return Preview(**{op: count for op, count in found.counts.items() if op in known})

    def foresee(self, context: Context, *, refresh: bool = False) -> Account:
        """All that Pulumi says of it in a preview; with ``refresh`` what is there is compared with
        the cloud before. Writes nothing, and a refusal is in what is said.
        """
        try:
            with self._open(context, create=False) as stack:
                return stack.run("preview", _silent, refresh=refresh)
        except StackNotFoundError:
            with (
                tempfile.TemporaryDirectory(prefix="drkit-preview-") as nowhere,
                self._open(context, blank=Path(nowhere)) as stack,
            ):
                return stack.run("preview", _silent)

    def compare(self, context: Context) -> Account:
        """How the cloud has what the stack has made. Writes nothing, and runs no program.

        Raises StepError, also where nothing was ever made.
        """
        whole = _without_inputs(context, context.plan.stacks[self._name].needs)
        try:
            with self._open(whole, create=False, runs_program=False) as stack:
                return stack.run("preview_refresh", _silent)
        except StackNotFoundError as error:
            raise StepError(
                f"the stack {self._name} of {context.target.name} has no state",
                remedy="“A state that is lost or damaged” in docs/reference/stacks.md",
            ) from error

    def destroy(self, context: Context, progress: Progress) -> Outcome:
        """Destroy what the stack made, if anything. Protected resources make it fail, and so does
        what an earlier, killed update may have made and nobody can look for.
        """
        forsaken: list[str] = []
        try:
            with self._open(
                context, create=False, runs_program=False, tell=progress, forsaken=forsaken
            ) as stack:
                found = stack.run("destroy", progress)
        except StackNotFoundError:
            return Outcome(state=State.DONE, changed=0)
        found.failures = [
            dataclasses.replace(failure, remedy=_FULL) if _HOLDS in failure.message else failure
            for failure in found.failures
        ] + [Failure(message=message, remedy=_BY_TAG) for message in forsaken]
        return self._noted(outcome(found, self._name))

    def _noted(self, ended: Outcome) -> Outcome:
        """With what is to be said of the stack besides: a state brought back, a copy not made."""
        said = [ended.message, *self._notes] if ended.message else self._notes
        return dataclasses.replace(ended, message="; ".join(dict.fromkeys(said)))

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

    def _open(
        self,
        context: Context,
        *,
        blank: Path | None = None,
        create: bool = True,
        runs_program: bool = True,
        tell: Progress | None = None,
        forsaken: list[str] | None = None,
    ) -> AbstractContextManager[OpenStack]:
        """Without ``tell`` nothing is written. In ``blank``, an empty folder, the stack is new."""
        backend = self._state_of(context)
        if blank is not None:
            backend = dataclasses.replace(backend, url=blank.as_uri(), endpoint=None)
        return Opening(
            name=self._name,
            context=context,
            backend=backend,
            blank=blank,
            limit=self._left(context),
            create=create,
            runs_program=runs_program,
            tell=tell,
            forsaken=forsaken,
            notes=self._notes,
        ).stack()

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


class RemovalTool:
    """Implements :class:`drkit.ports.Tool`: destroys what a run has made of one of its stacks."""

    def __init__(self, work: RemovalWork) -> None:
        self._name = work.stack

    def look(self, context: Context) -> Outcome | None:
        """To destroy what is gone changes nothing, so it is done again."""
        del context
        return None

    def do(self, context: Context, progress: Progress) -> Outcome:
        """``changed`` counts resources. A stack of which nothing was made is done."""
        # nothing is destroyed by what a stack needs, which may never have been made
        whole = _without_inputs(context, context.plan.stacks[self._name].needs)
        return StackTool(StackWork(stack=self._name)).destroy(whole, progress)


def _without_inputs(context: Context, needs: Iterable[str]) -> Context:
    """The context for what works by a stack's state alone: what the stacks that it needs have said
    may be missing.
    """
    return dataclasses.replace(context, facts={**{need: {} for need in needs}, **context.facts})


def _silent(_line: str) -> None: ...


def _into_log(context: Context) -> Progress:
    """Into the log of the try: a look has nobody to tell."""

    def note(line: str) -> None:
        with context.log.open("a") as log:
            log.write(f"{line}\n")

    return note
