"""Recovery times beside those of the runs before, as heights of columns."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from drkit.model.record import Record
from drkit.model.step import RunKind
from drkit.reporting.course import Course, courses
from drkit.reporting.history import beside
from drkit.reporting.report import report
from drkit.reporting.usual import WINDOW
from drkit.reporting.verdict import Verdict
from tests.unit.reporting import journals
from tests.unit.reporting.journals import PROCESSES, Story
from tests.unit.reporting.nights import FAILED, Night, nights, records_of

FAILS = Night(story=Story(ends={"support": FAILED}))


def of(process: str, found: tuple[Course, ...]) -> Course:
    return next(course for course in found if course.process == process)


def with_rto(rto: str) -> Story:
    goal = {"rto": rto, "rpo": "1h", "impact": "50000/day", "ledger": "card-a"}
    return Story(plan={**journals.PLAN, "processes": {"sales": goal}})


def test_each_process_has_a_column_for_each_run_oldest_first_and_its_own_is_the_last() -> None:
    found = courses(nights([Night(), FAILS, Night(slower={"live.sales": 334.4})])[0])
    assert tuple(course.process for course in found) == PROCESSES
    heights = [column.height for column in of("sales", found).columns]
    assert heights == [pytest.approx(0.5), 0, 1]
    assert [column.took is None for column in of("sales", found).columns] == [False, True, False]
    assert [column.height for column in of("orders", found).columns] == [1, 0, 1]


def test_without_a_run_before_nothing_is_drawn() -> None:
    assert courses(nights([Night()])[0]) == ()


def test_of_too_few_runs_nothing_is_usual() -> None:
    assert of("sales", courses(nights([Night()] * 3)[0])).usual is None
    usual = of("sales", courses(nights([Night()] * 4)[0])).usual
    assert usual == timedelta(seconds=334.4)


def test_an_objective_that_a_run_came_near_is_on_the_scale_and_a_far_one_is_not() -> None:
    near = courses(nights([Night(story=with_rto("418s"))] * 2)[0])
    assert near[0].limit == 1
    assert near[0].columns[-1].height == pytest.approx(0.8)
    missed = courses(nights([Night(story=with_rto("167.2s"))] * 2)[0])
    assert missed[0].limit == pytest.approx(0.5)
    assert missed[0].columns[-1].verdict is Verdict.MISSED
    assert courses(nights([Night(story=with_rto("2h"))] * 2)[0])[0].limit is None


def test_where_no_run_came_back_all_columns_are_empty() -> None:
    [column] = {column.height for column in courses(nights([FAILS, FAILS])[0])[0].columns}
    assert column == 0


def test_an_objective_of_no_time_of_what_never_came_back_is_on_no_scale() -> None:
    story = replace(with_rto("0s"), ends={"support": FAILED})
    assert courses(nights([Night(story=story)] * 2)[0])[0].limit is None


def test_a_deployment_has_no_verdict_and_no_limit() -> None:
    story = Story(kind=RunKind.DEPLOY, incident=None)
    found = courses(nights([Night(story=story)] * 2)[0])[0]
    assert {column.verdict for column in found.columns} == {None}
    assert found.limit is None


def test_beside_a_run_stand_the_newest_of_its_sort_that_began_before_it() -> None:
    others = [Night(region="eu-west-3"), *[Night()] * (WINDOW + 3)]
    every = [records_of(night, number) for number, night in enumerate(others)]
    own = report(every[-2])
    found = beside(own, every[::-1])
    assert found.run.report == own
    assert [run.report.header.began for run in found.before] == [
        records[0].at for records in every[-3 : -3 - WINDOW : -1]
    ]


def test_what_cannot_be_read_stands_beside_no_run() -> None:
    nothing: tuple[Record, ...] = ()
    other = records_of(Night(story=Story(plan={"processes": "of another version"})), 0)
    records = records_of(Night(), 1)
    later = replace(records[0], at=records[0].at + timedelta(days=1))
    assert beside(report(records), [(later, *records[1:]), records, nothing, other]).before == ()
