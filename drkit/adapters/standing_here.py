"""The standby of a site as the runs of this machine tell it: no cloud is asked.

The newest run that built there counts, and what it opened stands by no more. Refuses to know what
was done elsewhere: a standby that another machine brought up, or that was reaped.
"""

from __future__ import annotations

from drkit.adapters.digests import standby_digests
from drkit.adapters.earlier_rebuilds import STANDING
from drkit.adapters.runs_folder import RunsFolder, kind_of
from drkit.engine.progress import is_left, may_have_opened, run_of
from drkit.errors import JournalDamaged
from drkit.model.plan import Plan, Tier
from drkit.model.step import RunKind
from drkit.reporting.head_start import HeadStart
from drkit.reporting.readiness.standby import Standing

_BUILDING = (RunKind.DEPLOY, *STANDING)
"""Kinds of runs of which the newest tells what stands."""


def head_start_here(plan: Plan, region: str) -> HeadStart | None:
    """What a rebuild of ``region`` finds done; None: the site is cold."""
    if plan.sites[region].tier is not Tier.WARM:
        return None
    standing = _standing(RunsFolder(plan.root), region)
    return HeadStart(region=region, standing=standing, digests=standby_digests(plan), asked=False)


def _standing(runs: RunsFolder, region: str) -> Standing | None:
    newest = next((run for run in runs.names() if kind_of(run, region) in _BUILDING), None)
    if newest is None:
        return None
    try:
        records = runs.records(newest)
    except JournalDamaged:
        return None
    began = run_of(records)
    if began is None or is_left(records) or may_have_opened(records):
        return None
    return Standing(target=began.target, records=records)
