"""What customers write down, and the gap that is found in it."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from drkit.sandbox.world.diary import Diary, longest_gap

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def _at(second: float) -> datetime:
    return NOON + timedelta(seconds=second)


def test_the_gap_is_the_longest_time_without_a_promise() -> None:
    gap = longest_gap(NOON, [_at(1), _at(3), _at(10), _at(12)], _at(13))
    assert (gap.since, gap.until, gap.seconds) == (_at(3), _at(10), 7.0)


def test_a_shop_that_never_came_back_is_a_gap_to_the_end() -> None:
    assert longest_gap(NOON, [_at(1)], _at(60)).since == _at(1)
    assert longest_gap(NOON, [], _at(60)).seconds == 60.0


@given(st.lists(st.floats(0, 1000)), st.floats(1000, 2000))
def test_no_promise_lies_within_the_gap(seconds: list[float], end: float) -> None:
    promises = [_at(second) for second in seconds]
    gap = longest_gap(NOON, promises, _at(end))
    assert not [at for at in promises if gap.since < at < gap.until]
    assert timedelta() <= gap.until - gap.since <= timedelta(seconds=end)


def test_a_promise_that_is_heard_twice_is_one() -> None:
    file = io.StringIO()
    diary = Diary(file, now=lambda: NOON)
    for _ in range(2):
        diary.promised(7, 1490, "a@b.example")
    diary.failed("order", "503 closed", "a@b.example")
    diary.read("browse", 0.25)

    lines = [json.loads(line) for line in file.getvalue().splitlines()]

    assert [line["kind"] for line in lines] == ["promise", "failure", "read"]
    assert lines[0] == {
        "kind": "promise",
        "at": "2026-11-23T12:00:00.000+00:00",
        "number": 7,
        "total_cents": 1490,
        "customer": "a@b.example",
    }
    summary = diary.summary()
    assert (summary.promises, summary.total_cents, summary.failures) == (1, 1490, {"order": 1})
    assert "promised  1 orders, 14.90 EUR" in summary.text()
