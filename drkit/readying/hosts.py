"""Looks at hosts: those of the site that serves, and of a standby where one stands. What playbooks
would change there, what is installed, and what third parties answer them.

Each site is visited once, in a process of its own (:mod:`drkit.visiting`), for whichever looks want
to know. Nothing is changed there. Refuses to take what this machine sees for what the standby's
region sees.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from drkit import processes
from drkit.adapters.asked import Asked
from drkit.adapters.codec import from_json
from drkit.adapters.runs_folder import kind_of
from drkit.engine.progress import is_over, run_of, stand
from drkit.errors import EffectUnknown, Problem
from drkit.model.outcome import State
from drkit.model.plan import Plan
from drkit.model.quantities import format_duration
from drkit.model.readiness import About, Looked
from drkit.model.record import Target
from drkit.model.step import RunKind
from drkit.planning.configuring import configuring
from drkit.planning.graph import build_graph
from drkit.ports import Context
from drkit.readying.looks import LOOKS, Look
from drkit.reporting.readiness.hosts import Visit, judge_hosts
from drkit.reporting.readiness.providers import judge_providers_there
from drkit.reporting.readiness.site import Site, unknown
from drkit.reporting.readiness.versions import (
    Side,
    judge_images,
    judge_versions,
    of_facts,
    of_visit,
)

if TYPE_CHECKING:
    from drkit.readying.sources import Sources

_RESERVE = timedelta(seconds=8)
"""Kept of the patience: what has answered by then is told."""


def host_looks(plan: Plan, sources: Sources) -> Mapping[About, Look]:
    """The looks; that at third parties takes the place of the one from here."""
    visits = Visits(plan, sources)

    def hosts(site: Site, _: Sources) -> Looked:
        serving, standby = visits.serving(), visits.standby(site.region)
        if serving is None or serving.target.region == site.region:
            return Looked()  # nothing is rebuilt here, which is said already
        looked = judge_hosts(site, serving.target, serving.visit, serves=True)
        if standby is None:
            return looked
        beside = judge_hosts(site, standby.target, standby.visit, serves=False)
        good = "; ".join(each for each in (looked.good, beside.good) if each)
        return Looked(findings=(*looked.findings, *beside.findings), good=good)

    def versions(site: Site, sources: Sources) -> Looked:
        serving = visits.serving()
        if serving is None or serving.target.region == site.region:
            return Looked()
        return _versions(site, sources, serving, visits.standby(site.region))

    def providers(site: Site, sources: Sources) -> Looked:
        standby = visits.standby(site.region)
        if standby is None or not standby.visit.heard:
            return LOOKS[About.PROVIDERS](site, sources)
        serving = visits.serving()
        here = serving.visit if serving else Visit()
        return judge_providers_there(site, standby.target, standby.visit, here)

    return {About.HOSTS: hosts, About.VERSIONS: versions, About.PROVIDERS: providers}


@dataclass(frozen=True, slots=True, kw_only=True)
class Visited:
    target: Target
    visit: Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """The one that playbooks were played by: some of its words may stand on hosts."""

    name: str = "nobody knows which"
    kind: RunKind = RunKind.REBUILD


class Visits:
    """To the sites of one plan: each once."""

    def __init__(self, plan: Plan, sources: Sources) -> None:
        self._plan = plan
        self._sources = sources
        self._serving = Asked(self._visit_serving)
        self._standby = {
            region: Asked(partial(self._visit_standby, region)) for region in plan.sites
        }

    def serving(self) -> Visited | None:
        """None where nobody serves. Raises TimeoutError, DrkitError."""
        return self._sources.of(self._serving)

    def standby(self, region: str) -> Visited | None:
        """What a rebuild would go on with; None where nothing stands. Raises as :meth:`serving`."""
        return self._sources.of(self._standby[region])

    def _visit_serving(self) -> Visited | None:
        sources = self._sources
        epoch = sources.of(sources.epoch)
        if epoch.serving is None:
            return None
        steps = [step.id for step in configuring(build_graph(self._plan, RunKind.REBUILD))]
        kind = RunKind(kind_of(epoch.run, epoch.serving.region) or RunKind.REBUILD)
        opener = _Run(name=epoch.run, kind=kind)
        return Visited(target=epoch.serving, visit=self._visit(epoch.serving, steps, opener))

    def _visit_standby(self, region: str) -> Visited | None:
        from drkit.adapters.generations import known_generations

        sources, plan = self._sources, self._plan
        epoch = sources.of(sources.epoch)
        if epoch.serving is None or epoch.serving.region == region:
            return None
        known = known_generations(sources.of(sources.world), plan, region, epoch)
        if known.standing is None:
            return None
        target = Target(shop=plan.shop, region=region, generation=known.standing)
        records = sources.of(sources.earlier).builder_of(target)
        began, states = run_of(records), stand(records).states
        steps = [
            step.id
            for step in configuring(build_graph(plan, RunKind.REBUILD))
            if states.get(step.id) is State.DONE
        ]
        if not steps and records and not is_over(records):
            return None  # it is being built just now
        builder = _Run(name=began.run, kind=began.kind) if began else _Run()
        visit = self._visit(target, steps, builder)
        stands = visit.groups or visit.unknown
        return Visited(target=target, visit=visit) if stands else None

    def _visit(self, target: Target, steps: list[str], run: _Run) -> Visit:
        sources = self._sources
        with tempfile.TemporaryDirectory(
            prefix="drkit-visit-", ignore_cleanup_errors=True
        ) as scratch:
            context = Context(
                run=run.name,
                kind=run.kind,
                plan=self._plan,
                target=target,
                world=sources.of(sources.world),
                folder=Path(scratch),
                log=Path(scratch) / "visit.log",
                facts={},
                vault=sources.of(sources.vault),
                epoch=sources.of(sources.epoch).number,
                serving=sources.of(sources.epoch).serving,
            )
            return self._answered(context, steps, scratch)

    def _answered(self, context: Context, steps: list[str], scratch: str) -> Visit:
        from drkit.adapters.requests import write_context

        given = json.dumps({"context": write_context(context), "steps": steps})
        left = max(self._sources.left - _RESERVE, timedelta(0))
        command = [sys.executable, "-P", "-m", "drkit.visiting"]
        command += [str(os.getpid()), scratch, str(left.total_seconds())]
        try:
            done = processes.run(
                command, limit=self._sources.left, given=given, cwd=self._plan.root
            )
        except EffectUnknown:
            late = f"nothing was heard within {format_duration(self._sources.patience)}"
            return Visit(unknown=late, remedy="ask again, on a machine that has time for it")
        if done.code:
            words = (done.err.strip() or "without a word").splitlines()[-1]
            return Visit(unknown=f"the process of the visit ended with {done.code}: {words}")
        return from_json(json.loads(done.out), Visit)


def _versions(site: Site, sources: Sources, serving: Visited, standby: Visited | None) -> Looked:
    images = tuple(judge_images(site, site.plan, serving.target.region))
    here = Side(name=serving.target.name, groups=of_visit(serving.visit))
    if not here.groups:
        return Looked(findings=images)  # that it was not reached is said already
    if standby and (groups := of_visit(standby.visit)):
        there = Side(name=standby.target.name, groups=groups)
    else:
        last = sources.of(sources.earlier).proven(site.region).last
        if last is None:
            return Looked(findings=images)  # that nothing proves the site is said already
        there = Side(name=last.run, groups=of_facts(last.facts))
        if not there.groups:
            why = Problem(
                place="versions",
                message=f"{last.run} did not record what its hosts ran on, or not as this drkit"
                " reads it",
                remedy="have playbooks/base.yml play the role drkit.recovery.installed, and prove"
                f" the site: `drkit validate --region {site.region}`",
            )
            return Looked(findings=(*images, unknown(site, About.VERSIONS, why)))
    looked = judge_versions(site, here, there)
    return Looked(findings=(*images, *looked.findings), good="" if images else looked.good)
