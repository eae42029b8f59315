"""JUnit XML: counts that a build server can trust, and no green for what is not known."""

from __future__ import annotations

from xml.etree.ElementTree import Element, fromstring

import pytest

from drkit.adapters import render_junit
from drkit.model.outcome import Failure, Outcome, State
from drkit.model.record import IncidentBegan
from drkit.reporting.report import report
from tests.unit.reporting import journals
from tests.unit.reporting.journals import Story, play


def _suites(records: journals.Records) -> dict[str, Element]:
    root = fromstring(render_junit.render(report(records)))  # noqa: S314 (our own output)
    return {suite.get("name", ""): suite for suite in root}


@pytest.mark.parametrize("journal", journals.ALL.values(), ids=journals.ALL.keys())
def test_the_counts_of_a_suite_are_those_of_its_cases(journal: journals.Journal) -> None:
    for suite in _suites(journal()).values():
        cases = suite.findall("testcase")
        assert suite.get("tests") == str(len(cases))
        for element, count in (("failure", "failures"), ("error", "errors"), ("skipped",) * 2):
            assert suite.get(count) == str(sum(c.find(element) is not None for c in cases))


def test_a_failed_step_is_a_failure_and_what_needs_it_is_skipped() -> None:
    steps = _suites(journals.with_a_failed_playbook())["steps"]
    assert [c.get("name") for c in steps if c.find("failure") is not None] == ["support"]
    assert "live.support" in [c.get("name") for c in steps if c.find("skipped") is not None]


def test_an_unknown_verdict_is_an_error_and_not_a_pass() -> None:
    guessed = IncidentBegan(start=journals.BEGAN, source="run")
    processes = _suites(play(Story(incident=guessed)))["processes"]
    unknown = [c for c in processes if c.get("classname") == "process.rto"]
    assert all(case.find("error") is not None for case in unknown)


def test_bytes_that_xml_cannot_hold_do_not_break_the_file() -> None:
    failure = Failure(message="\x1b[31mfatal\x00\x1b[0m <&>")
    failed = Outcome(state=State.FAILED, failures=(failure,))
    steps = _suites(play(Story(ends={"base": failed})))["steps"]
    text = "".join(f.text or "" for f in steps.iter("failure"))
    assert "fatal" in text
    assert "<&>" in text
