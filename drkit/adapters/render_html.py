"""The report as one HTML file that opens offline, for the meeting after the night.

Decides what is drawn and to which scale; the words and figures are the report's. The file loads
nothing (a policy in it forbids even trying), follows the reader's light or dark setting, and every
text of the journal is escaped.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

import jinja2
import yaml

from drkit.adapters.render_move import move_facts
from drkit.model.outcome import State
from drkit.model.quantities import Money, format_duration, format_moment
from drkit.reporting.course import courses
from drkit.reporting.gates import ALONE
from drkit.reporting.history import Compared, beside
from drkit.reporting.path import slowest
from drkit.reporting.processes import ProcessReport
from drkit.reporting.report import STAND_IN, Report
from drkit.reporting.steps import noted, wrong
from drkit.reporting.summary import findings, summary
from drkit.reporting.timeline import line_of, phases
from drkit.reporting.verdict import Verdict

ROW = 20
"""Height of a step's row on the timeline, in CSS pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """A bar against a limit: ``fill`` and ``limit`` in per cent of the drawn width."""

    fill: float
    limit: float
    verdict: Verdict
    open: bool


def render(report: Report, *, compared: Compared | None = None) -> str:
    """A whole document. ``compared``: the run of ``report`` beside those before it; None: it
    stands alone."""
    compared = compared or beside(report, ())
    return (
        _environment()
        .get_template("report.html")
        .render(
            report=report,
            stand_in=STAND_IN,
            alone=ALONE,
            verdict=_verdict(report),
            gauges=_gauges(report.processes),
            phases=phases(report),
            line=line_of(report),
            summary=summary(compared),
            courses=courses(compared),
            findings=list(findings(compared.changes)),
            row_height=ROW,
            slowest=slowest(report.steps),
            move=list(move_facts(report)),
            wrong=wrong(report.steps),
            noted=noted(report.steps),
            states=_states(report),
            plan=yaml.safe_dump(dict(report.plan), sort_keys=False, allow_unicode=True),
        )
    )


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("drkit.adapters"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        duration=_length, money=_money, moment=_moment, clock=_clock, percent=_percent
    )
    return environment


def _verdict(report: Report) -> str:
    """The word on top, by the exit code: a deployment has no objective to meet."""
    words = {
        0: "met" if report.header.incident else "done",
        4: "missed",
        5: "failed",
        6: "failed",
        7: "waits",
    }
    return words.get(int(report.exit), "unknown")


def _gauges(processes: tuple[ProcessReport, ...]) -> dict[str, tuple[Gauge, Gauge]]:
    """Process → its clock against RTO and its loss against RPO. All share one scale for each of
    the two, so that the limits stand in one line; what is beyond three times a limit is cut."""
    shares = {p.name: (_rto_share(p), _rpo_share(p)) for p in processes if p.rto and p.rpo}
    scales = [
        min(max([1.25, *(pair[column] * 1.1 for pair in shares.values())]), 3.0)
        for column in (0, 1)
    ]
    gauges = {}
    for process in processes:
        if process.rto is None or process.rpo is None:
            continue
        rto, rpo = shares[process.name]
        gauges[process.name] = (
            _gauge(rto, scales[0], process.rto.verdict, process.rto.down.open),
            _gauge(rpo, scales[1], process.rpo.verdict, process.rpo.loss.achieved is None),
        )
    return gauges


def _gauge(share: float, scale: float, verdict: Verdict, open_: bool) -> Gauge:
    fill = min(share / scale, 1.0) * 100
    return Gauge(fill=fill, limit=100 / scale, verdict=verdict, open=open_)


def _rto_share(process: ProcessReport) -> float:
    goal = process.objectives.rto
    return process.rto.down.length / goal if process.rto and goal else 0.0


def _rpo_share(process: ProcessReport) -> float:
    goal, achieved = process.objectives.rpo, process.rpo.loss.achieved if process.rpo else None
    if achieved is None:
        return 0.0
    return achieved / goal if goal else float(bool(achieved)) * 3


def _states(report: Report) -> dict[str, int]:
    """State → number of steps in it, the empty ones left out."""
    counts = {state.value: sum(s.state is state for s in report.steps) for state in State}
    return {state: count for state, count in counts.items() if count}


def _length(value: timedelta | None) -> str:
    return "" if value is None else format_duration(value)


def _money(value: Money | tuple[Money, ...] | None) -> str:
    amounts = value if isinstance(value, tuple) else (value,)
    return " + ".join(str(amount) for amount in amounts if amount is not None)


def _moment(value: datetime | None) -> str:
    return format_moment(value) if value else ""


def _clock(value: datetime | None) -> str:
    return f"{value.astimezone(UTC):%H:%M:%S}" if value else ""


def _percent(value: float) -> str:
    """For positions: two digits are a tenth of a pixel."""
    return f"{value * 100:.2f}%"
