"""Opens a stack for an operation: with a state that is whole, and a copy of it afterwards.

In this order: a state that is lost or damaged is brought back; what the cloud has and that state
has not is adopted; what a killed update left is cleared away. Each needs what comes before it, and
none makes anything. Refuses to hand out a stack whose state may be half of the truth.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from pulumi.automation import Deployment, Stack

from drkit.adapters.made_since import adopt_made_since
from drkit.adapters.pulumi_capacity import keep_types
from drkit.adapters.pulumi_deadline import deadline
from drkit.adapters.pulumi_operation import (
    NEW,
    OpenStack,
    as_new,
    as_stored,
    create_or_select,
    not_there,
    select,
    translated,
)
from drkit.adapters.pulumi_repair import Stale, clear, clouds, dead_locks, let_settle
from drkit.adapters.pulumi_return import bring_back, kept
from drkit.adapters.pulumi_settings import OUTSIDE, SEED, Settings, settings_of
from drkit.adapters.pulumi_state import read_state
from drkit.adapters.pulumi_workspace import Backend, Opened, open_workspace
from drkit.adapters.state_copies import StateCopies
from drkit.errors import EffectUnknown
from drkit.model.step import RunKind
from drkit.ports import Context, Progress, Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A stack that is to be opened, and how."""

    name: str
    context: Context
    backend: Backend
    limit: timedelta
    """How long it may be open."""
    blank: Path | None = None
    """A folder that is its state's, and empty: the stack is as one that was just made."""
    create: bool = True
    """Whether one that is not there is made."""
    runs_program: bool = True
    """Whether its program is to run. Else nobody has to open its secrets, and the CLI is spared
    where its state is read here already: 0.4 s of a core."""
    tell: Progress | None = None
    """Told what had to be mended first. None: nothing is written, and what had to be is an error
    (EffectUnknown)."""
    forsaken: list[str] | None = None
    """Gets what is said of a resource that a killed update may have made and that nobody can look
    for: for a stack that is about to be destroyed. None: such a one is an error (EffectUnknown)."""
    notes: list[str] = field(default_factory=list)
    """Gets what is to be said of the stack in the end, besides what the operation came to."""

    @contextmanager
    def stack(self) -> Iterator[OpenStack]:
        """The stack, ready for an operation.

        Raises StackNotFoundError, StepError, EffectUnknown.
        """
        settings = settings_of(self.context, self.name)
        seed = {SEED: Secret(secrets.token_hex(32))} if settings.provides_hosts else {}
        with (
            open_workspace(
                self.context.plan.root / "stacks" / self.name,
                self.backend,
                stack=settings.stack,
                settings=settings.plain,
                secrets=seed,
            ) as opened,
            deadline(self.limit, f"stack {self.name} (state in {self.backend.url})"),
            translated(self.name),
        ):
            region = settings.plain["aws:region"]
            if settings.provides_hosts:
                opened.program.transformations += (keep_types,)
            copies = self._copies(opened, settings)
            back = copies is not None and self._bring_back(copies, opened, settings)
            stack, exported = self._found(opened, settings, None if back else copies)
            if self.tell is not None and exported is not NEW:  # also of one that holds nothing
                stale = Stale(opened, stack, region, exported)
                exported = self._mended(stale, copies if back else None, self.tell)
            ready = self._ready(opened, stack, exported)
            ready.state.must_be_whole(self.name)
            try:
                yield ready
            finally:
                if copies is not None and self.tell is not None:
                    self._keep(copies, self.tell)

    def _found(
        self, opened: Opened, settings: Settings, copies: StateCopies | None
    ) -> tuple[Stack, Deployment]:
        """The stack and its state. ``copies`` says how it is stored, where that is known."""
        stack = settings.stack
        if self.blank is not None:
            return as_new(opened, stack, self.blank)
        if copies is not None and (original := copies.original()) is not None:
            stored = as_stored(opened, stack, copies.read(original.stored.body))
            # the program needs the seed of its hosts' keys: the CLI has its secrets in the clear
            sealed = read_state(stored[1]).sealed
            return select(opened, stack) if self.runs_program and sealed else stored
        if self.create:
            return create_or_select(opened, stack)
        if copies is not None:
            raise not_there(stack)
        return select(opened, stack)

    def _copies(self, opened: Opened, settings: Settings) -> StateCopies | None:
        """None where the state is in a folder: nobody else's, and gone with it."""
        if not self.backend.url.startswith("s3://"):
            return None
        return StateCopies(
            self.context.world, self.context.plan, project=opened.project, stack=settings.stack
        )

    def _bring_back(self, copies: StateCopies, opened: Opened, settings: Settings) -> bool:
        def free() -> None:
            if dead_locks(opened, settings.stack, self.backend, self.context):
                let_settle(opened)

        if words := bring_back(copies, self.tell, free, way_on=self._way_on()):
            self.notes.append(words)
        return bool(words)

    def _mended(self, stale: Stale, copies: StateCopies | None, tell: Progress) -> Deployment:
        """The stack's state with what was made and is not in it. ``copies``: it was brought back
        from there.
        """
        before = self._ready(stale.opened, stale.stack, stale.exported)
        try:
            # one that holds nothing was destroyed: what it makes now is new
            if copies is not None and before.state.resources:
                cloud = clouds(self.context.world, stale.region)
                adopt_made_since(before, copies, cloud, tell)
                stale = replace(stale, exported=stale.stack.export_stack())
            return clear(stale, self.backend, self.context, tell, forsaken=self.forsaken)
        except EffectUnknown as error:
            # what nobody could look for needs a person and time; where there is none, a way on
            raise EffectUnknown(str(error), remedy=f"{error.remedy}{self._way_on()}") from error

    def _way_on(self) -> str:
        """What to do instead of repairing the stack. Empty where no rebuild asked for it."""
        if self.name == OUTSIDE or self.context.kind is not RunKind.REBUILD:
            return ""
        return (
            "; or leave it behind and build the next generation: `drkit rebuild --region"
            f" {self.context.target.region} --new-generation --reason WHY`"
        )

    def _keep(self, copies: StateCopies, tell: Progress) -> None:
        if trouble := kept(copies):
            tell(trouble)
            self.notes.append(trouble)

    def _ready(self, opened: Opened, stack: Stack, exported: Deployment) -> OpenStack:
        state = read_state(exported)
        if state.seed is not None:
            # made once per generation: the hosts that are there have keys of this seed
            opened.program.secrets = {f"{opened.project}:{SEED}": state.seed}
        return OpenStack(
            name=self.name, opened=opened, stack=stack, state=state, log=self.context.log
        )
