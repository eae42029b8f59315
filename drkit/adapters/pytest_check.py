"""Checks and proofs: pytest on files of the plan, in this process, against the site of the run.

It decides what a suite's end means. All passed is DONE; a test that failed, was skipped or was
never reached makes FAILED, a result like any other; a suite that could not be read, or that holds
no test at all, is an error, because nothing was checked. It refuses settings from elsewhere:
neither the environment nor a configuration file of the shop can take a test out.

A try looks at nothing before it repeats: checks only read, and a proof refunds what it buys.
"""

from __future__ import annotations

import contextlib
import os
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO, cast

import pytest

from drkit.adapters.discretion import Discreet, discreet, secrets_of
from drkit.checking.results import Results, Test, short
from drkit.checking.site import site_of, write
from drkit.errors import StepError
from drkit.model.outcome import Failure, Outcome, State
from drkit.model.step import CheckWork, ProofWork, Route
from drkit.ports import Context, Progress

_ARGUMENTS = (
    *("-p", "drkit.checking.plugin", "--disable-plugin-autoload", "-p", "no:cacheprovider"),
    *("-c", os.devnull, "--import-mode=importlib", "--strict-markers", "-o", "xfail_strict=true"),
    # Capturing by descriptor would swallow what this process says to its parent meanwhile.
    *("--capture=sys", "--tb=short", "-v", "--color=no"),
)


class CheckTool:
    """The suites of a service."""

    def __init__(self, work: CheckWork) -> None:
        self._paths = work.paths

    def look(self, context: Context) -> Outcome | None:
        del context
        return None

    def do(self, context: Context, progress: Progress) -> Outcome:
        return _checked(self._paths, context, route=Route.OVERRIDE, progress=progress)


class ProofTool:
    """The journey that proves one business process."""

    def __init__(self, work: ProofWork) -> None:
        self._work = work

    def look(self, context: Context) -> Outcome | None:
        del context
        return None

    def do(self, context: Context, progress: Progress) -> Outcome:
        return _checked((self._work.path,), context, route=self._work.route, progress=progress)


def _checked(
    paths: Iterable[str], context: Context, *, route: Route, progress: Progress
) -> Outcome:
    files = [_existing(path, context.plan.root) for path in paths]
    if not files:
        raise StepError("no check is named", remedy="name at least one file under checks")
    told = context.log.with_suffix(".context.json")
    write(site_of(context, route), told)
    results = Results(progress=progress)
    with context.log.open("a", encoding="utf-8") as log:
        status = _run(
            [*files, *_ARGUMENTS, *_rooted(context.plan.root)],
            told=told,
            results=results,
            log=cast("TextIO", Discreet(log, secrets_of(context))),
        )
    return _outcome(status, results, context)


def _rooted(root: Path) -> tuple[str, ...]:
    """Files of checks import each other by their way from the plan's folder."""
    return ("--rootdir", str(root), "-o", f"pythonpath={shlex.quote(str(root))}")


def _existing(path: str, root: Path) -> str:
    file = root / path
    if not file.is_file():
        raise StepError(
            f"the checks {path} are not there: no file {file}",
            remedy=f"write {path} (docs/how-to/write-a-check.md) or take it out of the plan",
        )
    return str(file)


def _run(arguments: list[str], *, told: Path, results: Results, log: TextIO) -> int:
    for variable in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS"):
        os.environ.pop(variable, None)
    with contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
        return int(pytest.main([*arguments, "--drkit-context", str(told)], plugins=[results]))


def _outcome(status: int, results: Results, context: Context) -> Outcome:
    secrets = secrets_of(context)
    if results.broken:
        file, reason = results.broken[0]
        raise StepError(
            f"{file} could not be read: {discreet(reason, secrets)}",
            task=file,
            remedy=f"mend the file and run the same command again; the whole story: {context.log}",
        )
    if status in (pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR):
        raise StepError(
            f"pytest itself stopped: {discreet(results.stopped, secrets)}",
            remedy=f"see {context.log}",
        )
    if not results.tests:
        raise StepError(
            f"no check is in {context.log.stem}'s files",
            remedy="a suite has functions named test_* (docs/how-to/write-a-check.md)",
        )
    unproven = results.unproven
    if status != pytest.ExitCode.OK and not unproven:
        raise StepError(
            f"every check passed, and yet pytest ended with exit status {status}",
            remedy=f"see {context.log}",
        )
    return Outcome(
        state=State.FAILED if unproven else State.DONE,
        message=f"{results.passed} of {len(results.tests)} checks passed",
        failures=tuple(_failure(test, secrets) for test in unproven),
        facts={
            "passed": results.passed,
            "failed": len(unproven),
            "tests": [
                {"id": test.id, "outcome": str(test.result), "seconds": round(test.seconds, 3)}
                for test in results.tests.values()
            ],
        },
    )


def _failure(test: Test, secrets: tuple[str, ...]) -> Failure:
    return Failure(host=test.host, task=short(test.id), message=discreet(test.message, secrets))
