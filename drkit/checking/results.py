"""What a pytest run came to, test by test, as values.

It decides what counts as proven: a test that ran and passed, and nothing else. Skipped, expected to
fail, deselected or never reached is not proven, because a proof that did not take place is exactly
what a recovery must not be trusted with.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

import pytest
from testinfra.host import Host

from drkit.checking.hosts import name

_LINES = 8
"""Lines of a failure that are kept: the assertion and its explanation, not the whole diff."""
_WIDTH = 300


class Result(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    NOT_PROVEN = "not proven"


@dataclass(slots=True, kw_only=True)
class Test:
    """One test as it went; ``host`` where the test was made for one host."""

    __test__ = False  # not a test of pytest, whatever its name

    id: str
    host: str = ""
    result: Result = Result.NOT_PROVEN
    seconds: float = 0.0
    message: str = "it was never reached"


@dataclass(slots=True, eq=False)  # pytest keeps its plugins in sets
class Results:
    """A pytest plugin object that remembers; ``progress`` is told of each failure."""

    progress: Callable[[str], None] = print
    tests: dict[str, Test] = field(default_factory=dict)
    broken: list[tuple[str, str]] = field(default_factory=list)
    """Files that could not be collected, each with the reason."""
    stopped: str = "its command line is wrong"
    """Why pytest itself ended early, where it did."""

    def pytest_internalerror(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        self.stopped = excinfo.exconly(tryshort=True)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.broken.append((report.nodeid, last_lines(report)))
        elif report.skipped:
            skipped = Test(id=report.nodeid, message=f"skipped: {last_lines(report)}")
            self.tests[report.nodeid] = skipped

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        chosen = getattr(getattr(item, "callspec", None), "params", {}).get("host")
        host = name(chosen) if isinstance(chosen, Host) else ""
        self.tests[item.nodeid] = Test(id=item.nodeid, host=host)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        test = self.tests[report.nodeid]
        test.seconds += report.duration
        if report.skipped or hasattr(report, "wasxfail"):
            test.result = Result.NOT_PROVEN
            test.message = f"skipped or expected to fail: {last_lines(report)}"
        elif report.failed:
            before = f"{test.message}\n" if test.result is Result.FAILED else ""
            test.result = Result.FAILED
            test.message = before + last_lines(report)
            self.progress(f"failed: {short(test.id)}: {test.message.splitlines()[0]}")
        elif report.when == "call":
            test.result = Result.PASSED
            test.message = ""

    @property
    def passed(self) -> int:
        return sum(test.result is Result.PASSED for test in self.tests.values())

    @property
    def unproven(self) -> tuple[Test, ...]:
        """Every test that did not pass, in the order of collection."""
        return tuple(test for test in self.tests.values() if test.result is not Result.PASSED)


def short(nodeid: str) -> str:
    """``test_x[app-1]`` of ``checks/test_y.py::test_x[app-1]``."""
    return nodeid.rpartition("::")[2]


def last_lines(report: pytest.CollectReport | pytest.TestReport) -> str:
    """What the assertion said, without the traceback that led to it."""
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2])
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is not None:
        lines = str(crash.message).splitlines()[:_LINES]
    else:
        lines = [line.removeprefix("E").strip() for line in report.longreprtext.splitlines()]
        lines = [line for line in lines if line][-_LINES:]
    return "\n".join(line[:_WIDTH] for line in lines) or "no reason was given"
