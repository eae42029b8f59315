"""Of any copies that are restored, opened and lost in any order, no two give out one number."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.recovery.loading import load

NUMBERS = load("plugins/modules/numbers.py")
DISTANCE = 1000


def reserve(mark: dict[str, Any], claim: str, known: int) -> tuple[dict[str, Any], int]:
    return NUMBERS.reserved(mark, claim, known, DISTANCE)  # type: ignore[no-any-return]


def test_a_rebuild_to_an_earlier_moment_repeats_no_number_of_the_site_between() -> None:
    mark, second = reserve(dict(NUMBERS.EMPTY), "run-b", 100_900)
    assert second == 101_900
    sold = second + 600
    mark, third = reserve(mark, "run-c", 100_900)
    assert third > sold


def test_the_same_restore_is_given_the_same_numbers_and_changes_nothing() -> None:
    mark, start = reserve(dict(NUMBERS.EMPTY), "run-b", 100_900)
    assert reserve(mark, "run-b", start) == (mark, start)
    other, _ = reserve(mark, "run-c", 100_900)
    assert reserve(other, "run-b", 100_900) == (other, start)


def test_a_copy_that_waited_while_the_old_site_sold_on_is_given_others() -> None:
    mark, start = reserve(dict(NUMBERS.EMPTY), "run-b", 100_900)
    mark = NUMBERS.told(mark, start - 100, DISTANCE)
    _, again = reserve(mark, "run-b", 100_900)
    assert again > start - 100 + DISTANCE


def test_data_that_knows_more_than_the_outside_raises_it() -> None:
    mark, start = reserve(NUMBERS.EMPTY | {"highest": 5}, "run-b", 900_000)
    assert start == 900_000 + DISTANCE
    assert mark["highest"] == start + DISTANCE


@given(st.lists(st.tuples(st.integers(0, DISTANCE), st.booleans(), st.floats(0, 1)), max_size=30))
def test_no_number_is_given_out_twice(lives: list[tuple[int, bool, float]]) -> None:
    mark, given_out, known = dict(NUMBERS.EMPTY), [(1, 100)], 100
    for number, (sold, backed_up, kept) in enumerate(lives):
        mark, start = reserve(mark, f"run-{number}", known)
        assert all(start > last for _, last in given_out)
        given_out.append((start, start + sold - 1))
        if backed_up:
            mark = NUMBERS.told(mark, start + sold, DISTANCE)
        # what the next restore knows: any moment of the past
        known = int(100 + kept * (start + sold - 100))
        assert mark["highest"] >= start + sold


class Busy:
    """The object outside, where somebody else is faster the first few times."""

    def __init__(self, faster: int) -> None:
        self.mark, self._tag, self._faster = dict(NUMBERS.EMPTY), 0, faster

    def read(self) -> tuple[dict[str, Any], dict[str, str]]:
        tag = str(self._tag)
        if self._faster:
            self._faster -= 1
            self._tag += 1
            self.mark, _ = reserve(self.mark, f"other-{self._faster}", 100)
            return dict(NUMBERS.EMPTY), {"If-Match": tag}
        return self.mark, {"If-Match": tag}

    def write(self, mark: dict[str, Any], condition: dict[str, str]) -> bool:
        if condition != {"If-Match": str(self._tag)}:
            return False
        self.mark = mark
        return True


ASKED = {"act": "reserve", "claim": "mine", "known": 100, "distance": DISTANCE}


def test_what_others_reserved_meanwhile_is_seen() -> None:
    outside = Busy(faster=2)
    start = NUMBERS.settle(outside, ASKED, check=False)["start"]
    assert start == max(outside.mark["blocks"].values())
    assert len(set(outside.mark["blocks"].values())) == len(outside.mark["blocks"])


def test_who_cannot_write_is_given_nothing() -> None:
    with pytest.raises(ValueError, match="others write it all the time"):
        NUMBERS.settle(Busy(faster=99), ASKED, check=False)
