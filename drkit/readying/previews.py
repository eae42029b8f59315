"""Looks by Pulumi: at the stacks that would be built, and at those of the site that serves. All at
once, each in a process of its own (:mod:`drkit.foreseeing`), forked from one that has read Pulumi's
SDK for all of them; one that needs the outputs of others comes after them. Nothing is written.

The stack ``outside`` is looked at as ``drkit prepare`` would build it, not by its state, which does
not know what a cutover writes into the policy of the backups.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from drkit import processes
from drkit.adapters.asked import Asked
from drkit.adapters.codec import from_json
from drkit.adapters.forked_answers import ForkedAnswers
from drkit.adapters.forking import Forks, ForkServer, Job
from drkit.adapters.requests import write_request
from drkit.errors import EffectUnknown
from drkit.foreseeing import WAY, Way
from drkit.model.plan import DnsMethod, Plan
from drkit.model.quantities import format_duration
from drkit.model.readiness import About, Looked
from drkit.model.record import Target
from drkit.model.step import RunKind, StackWork
from drkit.ports import Context, ReservedAddress
from drkit.preparing import OUTSIDE, prepared_as
from drkit.readying.looks import Look, target_of
from drkit.reporting.readiness.site import Site
from drkit.reporting.readiness.stacks import (
    Foreseen,
    judge_building,
    judge_drift,
    judge_outside,
)

if TYPE_CHECKING:
    from drkit.readying.sources import Sources

_RESERVE = timedelta(seconds=5)
"""Kept of the patience: a preview that takes too long is ended before, and the others are told."""
_FILLS_IN = 5
"""How nice a comparison is: of what would be built one look waits for another, and goes first."""
Facts = Mapping[str, Mapping[str, object]]


@contextmanager
def asking(plan: Plan) -> Iterator[ForkedAnswers]:
    """What the looks are asked of; it gets ready by itself, and is gone at the end of the block."""
    with ForkServer(plan.root, forks=Forks.LOOKS) as server:
        yield ForkedAnswers(server)


def previews(plan: Plan, sources: Sources, answers: ForkedAnswers) -> Mapping[About, Look]:
    """The looks. What serves, and outside, are compared with the cloud once, for whichever site
    they are taken.
    """
    serving = Asked(lambda: _serving(plan, sources, answers))
    outside = Asked(lambda: _outside(plan, sources, answers))

    def drift(site: Site, sources: Sources) -> Looked:
        found = sources.of(serving)
        if found is not None and found.target.region == site.region:
            return Looked()  # nothing is rebuilt here, which is said already
        looked = [judge_drift(site, found.target, found.stacks)] if found is not None else []
        looked.append(judge_outside(site, sources.of(outside)))
        return Looked(
            findings=tuple(finding for each in looked for finding in each.findings),
            good="; ".join(each.good for each in looked if each.good),
        )

    def stacks(site: Site, sources: Sources) -> Looked:
        target = target_of(site, sources)
        if target is None or site.graph is None:
            return Looked()  # nothing is rebuilt here, or the plan makes no graph: said already
        return judge_building(site, target, _Glass(site.plan, sources, target, answers).built())

    return {About.STACKS: stacks, About.DRIFT: drift}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Serving:
    """How the cloud has what serves."""

    target: Target
    stacks: Mapping[str, Foreseen]


def _serving(plan: Plan, sources: Sources, answers: ForkedAnswers) -> _Serving | None:
    target = sources.of(sources.epoch).serving
    if target is None:
        return None
    glass = _Glass(plan, sources, target, answers)
    stacks = {stack: Asked(partial(glass.compared, stack)) for stack in plan.stacks}
    found = {stack: sources.of(asked) for stack, asked in stacks.items()}
    return _Serving(target=target, stacks=found)


def _outside(plan: Plan, sources: Sources, answers: ForkedAnswers) -> Foreseen:
    from drkit.adapters.backup_policy import standing_fence

    glass = _Glass(plan, sources, prepared_as(plan), answers)
    return glass.prepared(standing_fence(sources.of(sources.world), plan))


@dataclass(frozen=True, slots=True)
class _Glass:
    """Looks at the stacks of one target."""

    plan: Plan
    sources: Sources
    target: Target
    answers: ForkedAnswers

    def built(self) -> Mapping[str, Foreseen]:
        """Stack → what building it would do. Missing are those that need a stack of which nothing
        good is said.
        """
        stacks, addresses = self.plan.stacks, self._addresses()
        asked: dict[str, Asked[Foreseen | None]] = {}

        def ask(stack: str) -> Asked[Foreseen | None]:
            if stack not in asked:
                needs = {need: ask(need) for need in stacks[stack].needs if need in stacks}
                asked[stack] = Asked(lambda: self._built_after(stack, needs, addresses))
            return asked[stack]

        for stack in stacks:
            ask(stack)
        found = {stack: self.sources.of(asked[stack]) for stack in stacks}
        return {stack: said for stack, said in found.items() if said is not None}

    def compared(self, stack: str) -> Foreseen:
        """How the cloud has what ``stack`` has made."""
        return self._foreseen(stack, Way.COMPARE, {}, {})

    def prepared(self, fence: tuple[Mapping[str, object], ...]) -> Foreseen:
        """What `drkit prepare` would do to the stack ``outside``."""
        return self._foreseen(OUTSIDE, Way.BUILD, {}, {}, fence=fence)

    def _built_after(
        self,
        stack: str,
        needs: Mapping[str, Asked[Foreseen | None]],
        addresses: Mapping[str, ReservedAddress],
    ) -> Foreseen | None:
        told = {need: self.sources.of(asked) for need, asked in needs.items()}
        facts = {need: said.outputs for need, said in told.items() if said and said.known}
        if len(facts) < len(needs):
            return None
        return self._foreseen(stack, Way.BUILD, facts, addresses)

    def _foreseen(
        self,
        stack: str,
        way: Way,
        facts: Facts,
        addresses: Mapping[str, ReservedAddress],
        *,
        fence: tuple[Mapping[str, object], ...] = (),
    ) -> Foreseen:
        with tempfile.TemporaryDirectory(
            prefix="drkit-foreseen-", ignore_cleanup_errors=True
        ) as scratch:
            context = Context(
                run="foreseen",
                kind=RunKind.REBUILD,
                plan=self.plan,
                target=self.target,
                world=self.sources.of(self.sources.world),
                folder=Path(scratch),
                log=Path(scratch) / "foreseen.log",
                facts=facts,
                vault=self.sources.of(self.sources.vault),
                addresses=addresses,
                fence=fence,
            )
            request = write_request(StackWork(stack=stack), context, step=stack, look_first=False)
            job = Job(
                name=f"drkit {stack}",
                mark=processes.new_mark(),
                scratch=Path(scratch),
                folder=self.plan.root,
                nice=_FILLS_IN if way is Way.COMPARE else 0,
            )
            return self._answered(json.dumps({**request, WAY: way}), job)

    def _answered(self, request: str, job: Job) -> Foreseen:
        limit = max(self.sources.left - _RESERVE, timedelta(0))
        try:
            answer = self.answers.to(request, job, limit=limit)
        except EffectUnknown:
            late = f"Pulumi said nothing within {format_duration(self.sources.patience)}"
            return Foreseen(unknown=late, remedy="ask again, on a machine that has time for it")
        if answer.code:
            return Foreseen(unknown=f"its process ended with {answer.code}, and without an answer")
        return from_json(json.loads(answer.text), Foreseen)

    def _addresses(self) -> Mapping[str, ReservedAddress]:
        """Those that `drkit prepare` reserved; none where the public name is no failover record."""
        if self.plan.dns.method is not DnsMethod.FAILOVER:
            return {}
        from drkit.adapters.pulumi_outputs import prepared

        sources = self.sources
        world, vault = sources.of(sources.world), sources.of(sources.vault)
        return prepared(self.plan, world, vault).addresses
