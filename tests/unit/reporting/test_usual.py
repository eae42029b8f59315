"""What is longer than usual, and what is only as different as runs are."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from drkit.reporting import usual
from drkit.reporting.usual import LEAST, WINDOW, longer

DRAWS = 2000


def seconds(*values: float) -> list[timedelta]:
    return [timedelta(seconds=value) for value in values]


def alarms(sigma: float, before: int) -> int:
    """How often the newest of runs that are all alike is called longer."""
    drawn = random.Random(before)
    count = 0
    for _ in range(DRAWS):
        newest, *others = seconds(
            *(240 * drawn.lognormvariate(0, sigma) for _ in range(before + 1))
        )
        count += longer(newest, others) is not None
    return count


@pytest.mark.parametrize("before", [LEAST, 5, 6, WINDOW])
@pytest.mark.parametrize(("sigma", "one_of"), [(0.1, 50), (0.3, 15)])
def test_of_runs_that_are_alike_next_to_none_is_called_longer(
    sigma: float, one_of: int, before: int
) -> None:
    assert alarms(sigma, before) <= DRAWS / one_of


def test_without_a_look_at_the_spread_noise_is_called_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The guard of the test above."""
    monkeypatch.setattr(usual, "_spread", lambda *_: timedelta(0))
    assert alarms(0.3, 6) > DRAWS / 15


@pytest.mark.parametrize(
    ("took", "before", "by"),
    [
        (130, (60, 60), None),  # too few
        (130, (60, 60, 60), 70),
        (75, (60, 60, 60), None),  # a quarter is not more than a quarter
        (75.1, (60, 60, 60), 15.1),
        (16, (6, 6, 6), None),  # ten seconds are not more than ten seconds
        (16.1, (6, 6, 6), 10.1),
        (130, (60, 60, 90), None),  # of few, one odd run is what they spread by
        (130, (60, 61, 60, 59, 60, 300), 70),  # of many it is not: a second slow night is seen too
        (50, (60, 60, 60), None),  # shorter
    ],
)
def test_longer_is_what_is_beyond_a_share_and_an_amount_and_the_spread(
    took: float, before: tuple[float, ...], by: float | None
) -> None:
    found = longer(timedelta(seconds=took), seconds(*before))
    assert found == (None if by is None else timedelta(seconds=by))


def test_what_the_clock_was_wrong_by_is_not_called_longer() -> None:
    before = seconds(60, 60, 60)
    assert longer(timedelta(seconds=90), before) is not None
    assert longer(timedelta(seconds=90), before, unsure=timedelta(seconds=30)) is None
