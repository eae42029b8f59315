"""What stands for a run where there is none: `drkit backup`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from drkit.tending import call_name


def test_each_call_has_a_name_of_its_own_and_names_sort_by_time() -> None:
    now = datetime(2026, 11, 23, 5, 1, 2, 417, tzinfo=UTC)
    assert call_name(now) == "20261123-050102-000417-tending"
    assert (
        call_name(now)
        < call_name(now + timedelta(microseconds=1))
        < call_name(now + timedelta(days=1))
    )
