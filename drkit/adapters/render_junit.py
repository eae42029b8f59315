"""The report as JUnit XML, for the systems that read test results: a suite for the steps, one for
the processes.

Decides how a verdict looks as a test: missed and failed are failures, unknown is an error (never a
pass), and what was not run or still waits is skipped. What changed against the runs before is no
verdict: it fails no test, and is said in the output of the suite.
"""

from __future__ import annotations

import re
from datetime import UTC, timedelta
from io import StringIO
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent

from drkit.model.outcome import State
from drkit.model.quantities import format_duration
from drkit.reporting.clocks import Downtime
from drkit.reporting.history import Compared, beside
from drkit.reporting.losses import Loss
from drkit.reporting.processes import ProcessReport
from drkit.reporting.report import STAND_IN, Report
from drkit.reporting.steps import StepReport
from drkit.reporting.summary import findings, summary
from drkit.reporting.verdict import Verdict

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, not even escaped (section 2.2)."""


def render(report: Report, *, compared: Compared | None = None) -> str:
    """A document with a declaration and a newline at its end. ``compared``: the run of ``report``
    beside those before it; None: it stands alone."""
    compared = compared or beside(report, ())
    root = Element("testsuites", name=_clean(f"{report.header.kind.noun} {report.header.run}"))
    processes = _suite(root, "processes", compared)
    for process in report.processes:
        _process(processes, process)
    steps = _suite(root, "steps", compared)
    for step in report.steps:
        _step(steps, step)
    said = [summary(compared), *findings(compared.changes)]
    SubElement(processes, "system-out").text = _clean("\n".join(said))
    for suite in (processes, steps):
        _count(suite)
    indent(root)
    out = StringIO()
    ElementTree(root).write(out, encoding="unicode", xml_declaration=False)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{out.getvalue()}\n'


def _suite(root: Element, name: str, compared: Compared) -> Element:
    report = compared.run.report
    began = report.header.began.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    suite = SubElement(root, "testsuite", name=name, timestamp=began)
    properties = SubElement(suite, "properties")
    told = [("headline", report.headline), ("exit", str(int(report.exit)))]
    told += [("summary", summary(compared))]
    told += [("where", STAND_IN)] if report.header.sandbox else []
    for key, value in told:
        SubElement(properties, "property", name=key, value=_clean(value))
    return suite


def _count(suite: Element) -> None:
    cases = suite.findall("testcase")
    suite.set("tests", str(len(cases)))
    for outcome, attribute in (("failure", "failures"), ("error", "errors"), ("skipped",) * 2):
        suite.set(attribute, str(sum(case.find(outcome) is not None for case in cases)))
    suite.set("time", f"{sum(float(case.get('time', '0')) for case in cases):.3f}")


def _case(suite: Element, kind: str, name: str, length: timedelta | None) -> Element:
    seconds = f"{length.total_seconds() if length else 0:.3f}"
    return SubElement(suite, "testcase", classname=kind, name=_clean(name), time=seconds)


def _step(suite: Element, step: StepReport) -> None:
    case = _case(suite, f"step.{step.kind}", step.id, step.elapsed)
    message = _clean(step.message or step.state.value)
    match step.state:
        case State.FAILED | State.REFUSED:
            details = SubElement(case, "failure", type=step.state.value, message=message)
            details.text = _clean("\n".join(_lines(step)))
        case State.UNKNOWN | State.RUNNING:
            SubElement(case, "error", type=step.state.value, message=message)
        case State.NOT_RUN | State.WAITING | State.SKIPPED:
            SubElement(case, "skipped", message=message)
        case State.DONE:
            pass
    if step.log:
        SubElement(case, "system-out").text = _clean(f"log {step.log}")


def _lines(step: StepReport) -> list[str]:
    return [
        ": ".join(part for part in (f.host, f.task, f.message, f.remedy) if part)
        for f in step.failures
    ]


def _process(suite: Element, process: ProcessReport) -> None:
    if process.rto is None or process.rpo is None:
        case = _case(suite, "process.live", process.name, process.time_to_live)
        if not process.live:
            SubElement(case, "failure", type="not live", message=_clean(_held_up(process)))
        return
    goal = process.objectives
    case = _case(suite, "process.rto", process.name, process.rto.down.length)
    text = f"{_down(process, process.rto.down)}, RTO {format_duration(goal.rto)}"
    _verdict(case, process.rto.verdict, [text])
    case = _case(suite, "process.rpo", process.name, None)
    text = f"{_loss(process.rpo.loss)}, RPO {format_duration(goal.rpo)}"
    missing = process.rpo.loss.missing
    lines = [f"{p.at.isoformat()} {p.ledger} {p.id} {p.what} {p.money or ''}" for p in missing]
    _verdict(case, process.rpo.verdict, [text, *lines])


def _down(process: ProcessReport, down: Downtime) -> str:
    least = "at least " if down.at_least else ""
    held_up = f", {_held_up(process)}" if down.open else ""
    return f"down for {least}{format_duration(down.length)}{held_up}"


def _held_up(process: ProcessReport) -> str:
    return "held up by " + ", ".join(process.held_up_by) if process.held_up_by else "not proven"


def _loss(loss: Loss) -> str:
    if loss.achieved is None:
        return loss.reason
    most = "at most " if loss.at_most else ""
    return f"achieved {most}{format_duration(loss.achieved)}, {len(loss.missing)} missing"


def _verdict(case: Element, verdict: Verdict, lines: list[str]) -> None:
    """The first of ``lines`` says it all; the others are its proof."""
    match verdict:
        case Verdict.MET:
            pass
        case Verdict.MISSED | Verdict.FAILED:
            SubElement(case, "failure", type=verdict.value, message=_clean(lines[0]))
        case Verdict.UNKNOWN:
            SubElement(case, "error", type=verdict.value, message=_clean(lines[0]))
    SubElement(case, "system-out").text = _clean("\n".join(lines))


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
