"""What is kept of a run of pytest."""

from __future__ import annotations

import pytest

from drkit.checking.results import Result, Results, Test, short


def _report(*, when: str = "call", outcome: str = "passed", words: str = "") -> pytest.TestReport:
    return pytest.TestReport(
        nodeid="checks/test_it.py::test_a",
        location=("checks/test_it.py", 1, "test_a"),
        keywords={},
        outcome=outcome,  # type: ignore[arg-type]
        longrepr=words or None,
        when=when,  # type: ignore[arg-type]
        duration=0.25,
    )


@pytest.fixture
def results() -> Results:
    told = Results(progress=lambda _: None)
    told.tests["checks/test_it.py::test_a"] = Test(id="checks/test_it.py::test_a")
    return told


def _result(results: Results) -> Result:
    return results.tests["checks/test_it.py::test_a"].result


def test_a_test_that_was_only_collected_is_not_proven(results: Results) -> None:
    assert results.unproven[0].message == "it was never reached"


def test_a_test_that_passed_in_its_call_is_proven(results: Results) -> None:
    for when in ("setup", "call", "teardown"):
        results.pytest_runtest_logreport(_report(when=when))
    assert _result(results) is Result.PASSED
    assert results.tests["checks/test_it.py::test_a"].seconds == 0.75


def test_a_set_up_that_passed_proves_nothing(results: Results) -> None:
    results.pytest_runtest_logreport(_report(when="setup"))
    assert _result(results) is Result.NOT_PROVEN


def test_a_failing_end_takes_the_proof_back(results: Results) -> None:
    results.pytest_runtest_logreport(_report())
    results.pytest_runtest_logreport(_report(when="teardown", outcome="failed", words="E  left"))
    assert _result(results) is Result.FAILED
    assert results.unproven[0].message == "left"


def test_a_test_and_its_end_that_both_fail_are_both_told(results: Results) -> None:
    results.pytest_runtest_logreport(_report(outcome="failed", words="E  first"))
    results.pytest_runtest_logreport(_report(when="teardown", outcome="failed", words="E  second"))
    assert results.unproven[0].message == "first\nsecond"


def test_a_long_failure_is_cut_to_its_last_lines(results: Results) -> None:
    words = "\n".join(f"E  line {number}" for number in range(100))
    results.pytest_runtest_logreport(_report(outcome="failed", words=words))
    assert results.unproven[0].message.splitlines()[-1] == "line 99"
    assert len(results.unproven[0].message.splitlines()) <= 8


def test_the_name_of_a_test_is_short() -> None:
    assert short("checks/test_it.py::TestX::test_a[app-1]") == "test_a[app-1]"
