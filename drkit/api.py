"""drkit as a library: what the commands do, in a few lines of Python.

    from drkit import Options, load_plan, rebuild

    options = Options(consent={"consent": "ana"})
    report = rebuild(load_plan("drkit.yaml"), region="eu-central-1", options=options)
    print(report.headline, int(report.exit))

The commands ``drkit deploy`` and ``drkit rebuild`` end in :func:`run_plan`, as these do. Nothing is
printed: pass an observer (:class:`drkit.ports.Observer`) to follow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from drkit.model.plan import Plan
from drkit.model.readiness import ReadinessReport
from drkit.model.record import Record
from drkit.model.step import RunKind, RunMode
from drkit.model.wish import Wish
from drkit.ports import Observer
from drkit.reporting.readiness.site import EXPIRY, PROOF_AGE
from drkit.reporting.report import Report

if TYPE_CHECKING:
    from drkit.adapters.report_files import ReportFiles
    from drkit.reporting.history import Compared
    from drkit.run import Company


class Silent:
    """An observer that looks away."""

    def recorded(self, record: Record) -> None: ...

    def progressed(self, step: str, line: str) -> None: ...

    def ticked(self, now: datetime) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a run is to go; the defaults are those of the commands."""

    consent: Mapping[str, str] = field(default_factory=dict)
    """Gate → person who consents. A gate without one ends the run with exit 7: it waits."""
    accept: Mapping[str, str] = field(default_factory=dict)
    """Name of a problem → reason why it is passed over."""
    skip: Mapping[str, str] = field(default_factory=dict)
    """Step → reason why it is taken as done: what it would have proven is not proven."""
    again: tuple[str, ...] = ()
    """Steps that are done, or were skipped, and are to run again."""
    first: str | None = None
    """Begin with this step: what it needs, and is not done, is skipped for ``reason``."""
    reason: str = ""
    resumes: str = ""
    """Carry on with this run; where that cannot be, nothing is touched and no other is begun."""
    accept_plan_change: bool = False
    """Carry on with an unfinished run in spite of a changed plan, for ``reason``."""
    mode: RunMode | None = None
    """Of a rebuild. Planned: close the old site first and lose nothing. None: as the run that is
    carried on with; a new one is unplanned."""
    keep: timedelta | None = None
    """Of a validation: let the copy stand for so long. None: it is taken away at the end."""
    new_generation: bool = False
    """Of a rebuild: leave what was built and never opened behind, for ``reason``."""
    max_parallel: int = 8
    since: datetime | None = None
    """When customers lost the shop, aware; None: what the probe saw."""
    recover_to: datetime | None = None
    """Restore to this moment, aware; None: to the last archived transaction."""


def load_plan(path: str | Path = "drkit.yaml") -> Plan:
    """The plan at ``path``. Raises ConfigurationError with every problem at once."""
    from drkit.adapters.plan_yaml import load_plan as load

    return load(Path(path))


def deploy(
    plan: Plan, *, region: str, options: Options | None = None, observer: Observer | None = None
) -> Report:
    """Bring the shop up in ``region`` for the first time. See :func:`rebuild`."""
    return _run_alone(RunKind.DEPLOY, plan, region, options or Options(), observer)


def rebuild(
    plan: Plan, *, region: str, options: Options | None = None, observer: Observer | None = None
) -> Report:
    """Rebuild the shop in ``region``; carries on with an unfinished run of the same plan.

    Returns the report, which is also written beside the run's journal. Raises UsageError and
    ConfigurationError (nothing was touched) and RunBusy; a step that fails is in the report, not an
    exception.
    """
    return _run_alone(RunKind.REBUILD, plan, region, options or Options(), observer)


def validate(
    plan: Plan, *, region: str, options: Options | None = None, observer: Observer | None = None
) -> Report:
    """Prove that the shop could be rebuilt in ``region``: build an isolated copy there by the steps
    of a rebuild, check it, and take it away. Raises as :func:`rebuild`; a site that serves is
    refused.
    """
    return _run_alone(RunKind.VALIDATE, plan, region, options or Options(), observer)


def standby(
    plan: Plan, *, region: str, options: Options | None = None, observer: Observer | None = None
) -> Report:
    """Bring the standby in ``region`` up, or up to date: what a rebuild begins with and needs no
    data. Raises as :func:`rebuild`; a site that serves, or is not of ``tier: warm``, is refused.
    """
    return _run_alone(RunKind.STANDBY, plan, region, options or Options(), observer)


def ready(
    plan: Plan,
    *,
    region: str | None = None,
    proof_age: timedelta = PROOF_AGE,
    expiry: timedelta = EXPIRY,
    previews: bool = False,
    hosts: bool = False,
) -> ReadinessReport:
    """Whether the shop could be recovered into ``region`` now, and why not; else into each site
    that does not serve. Changes nothing, and waits 8 s for answers at the most.

    A proof older than ``proof_age`` is a finding, and so is a certificate that expires within
    ``expiry``. With ``previews`` Pulumi is asked whether the stacks would be built and what has
    drifted; with ``hosts`` playbooks are played in check mode, and hosts are asked what they run on
    and whether they reach third parties. With either, 90 s are waited at the most. Raises
    UsageError for a region that is no site, ConfigurationError where no site is left to recover
    into.
    """
    from drkit.adapters.clock import SystemClock
    from drkit.readying.report import Standards, readiness

    standards = Standards(proof_age=proof_age, expiry=expiry, previews=previews, hosts=hosts)
    return readiness(plan, region, standards, now=SystemClock().now())


def _run_alone(
    kind: RunKind, plan: Plan, region: str, options: Options, observer: Observer | None
) -> Report:
    """Nobody sits at a terminal: gates are answered by the options, or not at all."""
    from drkit.adapters.consent import GivenConsent
    from drkit.run import Company

    company = Company(
        observer=observer or Silent(), consent=lambda *_: GivenConsent(plan, options.consent)
    )
    return run_plan(kind, plan, region=region, options=options, company=company).report


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A run that ended, or that waits: its report, as a value and as files."""

    report: Report
    files: ReportFiles
    compared: Compared
    """With the runs before it."""


def run_plan(kind: RunKind, plan: Plan, *, region: str, options: Options, company: Company) -> Done:
    """What :func:`deploy`, :func:`rebuild` and :func:`validate` do, for a caller with a company of
    its own: somebody who watches, answers gates and may stop the run (the commands).
    """
    from drkit.adapters.report_files import write_reports
    from drkit.adapters.runs_folder import RunsFolder
    from drkit.reporting.history import beside
    from drkit.run import carry_out

    wish = Wish(
        plan=plan,
        kind=kind,
        region=region,
        recover_to=options.recover_to,
        since=options.since,
        consent=options.consent,
        accept=options.accept,
        skip=options.skip,
        again=options.again,
        first=options.first,
        reason=options.reason,
        resumes=options.resumes,
        accept_plan_change=options.accept_plan_change,
        mode=options.mode,
        new_generation=options.new_generation,
        keep=options.keep,
        max_parallel=options.max_parallel,
    )
    ran = carry_out(wish, company)
    compared = beside(ran.report, RunsFolder(plan.root).all_of(kind))
    files = write_reports(ran.report, ran.folder, compared=compared)
    return Done(report=ran.report, files=files, compared=compared)
