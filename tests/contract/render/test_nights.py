"""Seven nights, and what was planted in the last: told alike by the report's JSON, JUnit and HTML,
by the history, and on the console.
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from importlib import resources
from xml.etree.ElementTree import Element, fromstring

import jsonschema
import pytest

from drkit.adapters import render_history, render_html, render_json, render_junit
from drkit.model.outcome import Outcome
from drkit.model.step import RunKind
from drkit.reporting.history import Compared
from drkit.reporting.summary import summary
from tests.unit.reporting.journals import Story, restored
from tests.unit.reporting.nights import FAILED, Night, nights

RESTORED = {store: restored(before=timedelta(seconds=40)) for store in ("orders-db", "images")}
SAME = "a3" * 32
"""The digest of every try of these journals."""


def story(**ends: Outcome) -> Story:
    return Story(kind=RunKind.VALIDATE, incident=None, ends={**RESTORED, **ends})


WELL = Night(story=story())
FAILS = Night(story=story(**{"check.payment": FAILED}))
SLOW = Night(story=story(), slower={"orders-db": 130})
STUMBLES = Night(story=story(), failed_first={"check.payment": SAME})


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    nights: tuple[Night, ...]
    line: str
    """Of the line for a chat: what stands there of it."""
    finding: str
    changes: tuple[Mapping[str, object], ...]
    """Of each, some of its keys."""


PLANTED = {
    "slower": Planted(
        nights=(*[WELL] * 6, SLOW),
        line="slower by 2m 10s: orders-db",
        finding="orders-db took 2m 20s, usually 9.7s",
        changes=({"change": "slower", "by_seconds": 130.0, "runs_before": 6},) * 5,
    ),
    "newly failing": Planted(
        nights=(*[WELL] * 6, FAILS),
        line="1 check failed: check.payment. Not proven: sales, orders, payment, shipping, support;"
        " newly failing: check.payment",
        finding="check.payment newly fails: done in 6 runs before",
        changes=({"change": "newly failing", "step": "check.payment", "runs_before": 6},),
    ),
    "recovered": Planted(
        nights=(*[WELL] * 5, FAILS, WELL),
        line="recovered: check.payment",
        finding="check.payment has recovered: failed in the run before",
        changes=({"change": "recovered", "step": "check.payment", "runs_before": 1},),
    ),
    "flaky within a night": Planted(
        nights=(*[WELL] * 6, STUMBLES),
        line="flaky: check.payment",
        finding="check.payment is flaky: failed in 1 of the last 7 runs, and came up again",
        changes=({"change": "flaky", "within_the_run": True, "failed_runs": 1, "of_runs": 7},),
    ),
    "flaky from night to night": Planted(
        nights=(*[WELL] * 3, FAILS, WELL, FAILS, WELL),
        line="flaky: check.payment",
        finding="check.payment is flaky: failed in 2 of the last 7 runs",
        changes=({"change": "flaky", "within_the_run": False, "failed_runs": 2, "of_runs": 7},),
    ),
    "nothing": Planted(
        nights=(WELL,) * 7,
        line="as in the 6 runs before",
        finding="",
        changes=(),
    ),
}

each_planted = pytest.mark.parametrize("planted", PLANTED.values(), ids=PLANTED.keys())


def last(planted: Planted) -> Compared:
    return nights(planted.nights)[0]


@each_planted
def test_the_json_has_the_line_the_changes_and_the_runs_they_are_changes_against(
    planted: Planted,
) -> None:
    found = last(planted)
    shape = json.loads(render_json.render(found.run.report, compared=found))
    schema = resources.files("drkit.adapters").joinpath("report.schema.json").read_text()
    jsonschema.validate(shape, json.loads(schema))
    assert planted.line in shape["summary"]
    assert shape["runs_before"] == [run.name for run in found.before]
    assert len(shape["runs_before"]) == 6
    told = [
        {key: change[key] for key in wanted}
        for change, wanted in zip(shape["changes"], planted.changes, strict=True)
    ]
    assert told == list(planted.changes)


@each_planted
def test_the_junit_says_it_in_the_output_of_a_suite_and_fails_no_test_for_it(
    planted: Planted,
) -> None:
    found = last(planted)
    text = render_junit.render(found.run.report, compared=found)
    suites = {suite.get("name"): suite for suite in fromstring(text)}  # noqa: S314 (our own output)
    line, *findings = (suites["processes"].findtext("system-out") or "").splitlines()
    assert line == summary(found)
    assert [told for told in findings if planted.finding in told] == findings
    assert bool(findings) == bool(planted.finding)
    for suite in suites.values():
        assert told_property(suite, "summary") == line
    alone = render_junit.render(found.run.report)
    assert counts(alone) == counts(text)


@each_planted
def test_the_page_has_the_line_on_top(planted: Planted) -> None:
    found = last(planted)
    page = html.unescape(render_html.render(found.run.report, compared=found))
    assert page.index("</h1>") < page.index(summary(found)) < page.index("</header>")
    assert planted.finding in page


@each_planted
def test_the_history_and_the_reports_have_one_line_between_them(planted: Planted) -> None:
    every = nights(planted.nights)
    shape = json.loads(render_history.as_json(every, unread={}, outside=True))
    own = json.loads(render_json.render(every[0].run.report, compared=every[0]))
    assert shape["summary"] == own["summary"] == render_history.as_text(every).splitlines()[-1]
    assert shape["runs"][0]["changes"] == own["changes"]


def test_a_run_of_which_no_earlier_is_there_is_compared_with_none() -> None:
    shape = json.loads(render_json.render(last(PLANTED["slower"]).run.report))
    assert (shape["runs_before"], shape["changes"]) == ([], [])
    assert "slower" not in shape["summary"]


def told_property(suite: Element, name: str) -> str | None:
    found = suite.find(f"properties/property[@name='{name}']")
    return None if found is None else found.get("value")


def counts(text: str) -> list[tuple[str | None, ...]]:
    suites = fromstring(text)  # noqa: S314 (our own output)
    return [tuple(suite.get(k) for k in ("tests", "failures", "errors")) for suite in suites]
