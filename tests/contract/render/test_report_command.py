"""``drkit report``: from a journal on the disk to each output, and the run's exit code."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest
from click.testing import CliRunner, Result

from drkit.adapters import render_html, render_json, render_junit, render_text
from drkit.adapters.journal_file import JournalFile
from drkit.cli.report import report as command
from drkit.errors import Exit, UsageError
from drkit.reporting.report import report
from tests.unit.reporting import journals

RUN = "20260314-030210-rebuild-eu-central-1"


def _written(root: Path, records: journals.Records, run: str = RUN) -> Path:
    """``records`` as the journal of ``run``; gives the plan's file, which does not exist."""
    times = iter(record.at for record in records)
    path = root / ".drkit" / "runs" / run / "journal.jsonl"
    with JournalFile(path, now=lambda: next(times)) as journal:
        for record in records:
            journal.append(record.body)
    return root / "drkit.yaml"


def _run(plan: Path, *arguments: str) -> Result:
    return CliRunner().invoke(
        command, [*arguments, "--plan", str(plan)], standalone_mode=False, catch_exceptions=False
    )


@pytest.mark.parametrize("journal", journals.ALL.values(), ids=journals.ALL.keys())
def test_a_report_from_the_disk_is_the_one_from_memory(
    tmp_path: Path, journal: journals.Journal
) -> None:
    plan, made = _written(tmp_path, journal()), report(journal())
    for output, render in (
        ("text", render_text.render),
        ("json", render_json.render),
        ("junit", render_junit.render),
        ("html", render_html.render),
    ):
        result = _run(plan, "--output", output)
        assert result.stdout == render(made)
        assert result.return_value == int(made.exit)


def test_the_newest_run_is_reported_unless_one_is_named(tmp_path: Path) -> None:
    _written(tmp_path, journals.a_deploy(), run="20260101-000000-deploy-eu-west-3")
    plan = _written(tmp_path, journals.with_a_failed_check())
    newest = json.loads(_run(plan, "--output", "json").stdout)
    named = json.loads(_run(plan, "20260101-000000-deploy-eu-west-3", "--output", "json").stdout)
    assert (newest["run"]["kind"], named["run"]["kind"]) == ("rebuild", "deploy")


def test_a_file_gets_the_report_and_stdout_stays_empty(tmp_path: Path) -> None:
    plan, file = _written(tmp_path, journals.undisturbed()), tmp_path / "junit.xml"
    result = _run(plan, "--output", "junit", "--file", str(file))
    assert result.stdout == ""
    assert fromstring(file.read_text()).tag == "testsuites"  # noqa: S314 (our own output)


def test_a_run_that_is_not_there_is_a_usage_error_that_names_those_that_are(
    tmp_path: Path,
) -> None:
    plan = _written(tmp_path, journals.undisturbed())
    with pytest.raises(UsageError) as told:
        _run(plan, "20250101-000000-rebuild-eu-north-1")
    assert RUN in told.value.remedy


def test_a_reader_who_has_enough_is_no_defect() -> None:
    """`drkit report | head`."""
    code = (
        "import sys; from drkit import cli\n"
        "def command(**_):\n"
        "    while True: sys.stdout.write('a line of a report\\n')\n"
        "cli.cli.main = command; cli.main()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout
    assert process.stderr
    process.stdout.readline()
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=30) == Exit.UNEXPECTED
    assert said == b""
