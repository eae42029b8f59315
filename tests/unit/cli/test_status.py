"""What `drkit status` says of each process, from the records that are known."""

from __future__ import annotations

from datetime import timedelta

from drkit.adapters.lease import Found, Holder
from drkit.afar import Known
from drkit.cli.afar import _forecast, _processes
from drkit.reporting.expected import Expectations
from tests.unit.reporting import journals
from tests.unit.reporting.journals import BEGAN, PROCESSES, Records


def said(records: Records, *, lease: Found | None = None) -> list[str]:
    known = Known(run="r", region="eu-central-1", records=records, lease=lease)
    return list(_processes(known, _forecast(lambda _: Expectations(), known)))


def test_each_process_is_a_line_and_what_the_times_are_is_the_last() -> None:
    lines = said(journals.undisturbed()[:20], lease=held())
    names = [line.split()[0] for line in lines if not line.startswith("   ")]
    assert names == list(PROCESSES)
    assert "expected back at" in lines[0]
    assert "RTO until" in lines[0]
    assert lines[-1].strip().startswith("UTC; steps: ")


def test_the_journals_are_of_march_so_all_is_late_and_says_what_would_help() -> None:
    lines = said(journals.undisturbed()[:20], lease=held())
    assert sum("late" in line for line in lines) == len(PROCESSES)
    assert any("to be sooner: " in line for line in lines)


def test_where_nobody_works_on_it_the_times_are_those_of_carrying_on_now() -> None:
    lines = said(journals.that_waits())
    assert lines[0] == "nobody works on it: what follows is true if it is carried on with now"


def test_of_a_run_that_is_over_nothing_is_expected() -> None:
    lines = said(journals.undisturbed())
    assert len(lines) == len(PROCESSES)
    assert all("back since" in line for line in lines)


def test_of_a_run_without_records_nothing_is_said() -> None:
    assert said(()) == []


def held() -> Found:
    holder = Holder(region="eu-central-1", operator="ana", place="laptop", token="t", since=BEGAN)
    return Found(holder=holder, tag="1", age=timedelta(0))
