"""What every clock does: says when it is, in UTC, and how long something takes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from drkit.adapters.clock import SystemClock
from drkit.adapters.codec import format_time, parse_time
from drkit.ports import Clock
from tests.fakes.clock import VirtualClock

MOMENT = timedelta(milliseconds=30)
Pass = Callable[[timedelta], None]


@pytest.fixture(params=["system", "virtual"])
def timed(request: pytest.FixtureRequest) -> tuple[Clock, Pass]:
    """A clock, and what lets its time pass."""
    if request.param == "virtual":
        virtual = VirtualClock()
        return virtual, virtual.move

    def wait(length: timedelta) -> None:
        threading.Event().wait(length.total_seconds())

    return SystemClock(), wait


def test_now_is_aware_and_in_utc(timed: tuple[Clock, Pass]) -> None:
    assert timed[0].now().utcoffset() == timedelta(0)


def test_now_can_be_recorded_and_comes_back_as_it_was(timed: tuple[Clock, Pass]) -> None:
    now = timed[0].now()
    assert parse_time(format_time(now)) == now


def test_its_time_passes(timed: tuple[Clock, Pass]) -> None:
    clock, pass_ = timed
    before = clock.now()
    pass_(MOMENT)
    assert clock.now() > before


def test_its_steady_time_passes_as_long(timed: tuple[Clock, Pass]) -> None:
    clock, pass_ = timed
    before = clock.steady()
    pass_(MOMENT)
    assert clock.steady() - before >= MOMENT
