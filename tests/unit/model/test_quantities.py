"""Durations and money as people write them, and back; a number without its unit is refused."""

from __future__ import annotations

from datetime import timedelta
from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drkit.model.quantities import (
    Impact,
    Money,
    format_duration,
    parse_duration,
    parse_impact,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("30m", 1800), ("1h30m", 5400), ("2d", 172800), ("0.5s", 0.5), ("1.5h", 5400)],
)
def test_a_duration_is_read_with_its_units(text: str, seconds: float) -> None:
    assert parse_duration(text).total_seconds() == seconds


@pytest.mark.parametrize("text", ["30", "", "m", "-5m", "5 m", "1h 30m", "1w", "5M", 30, 1.5, None])
def test_what_is_no_duration_is_refused_with_the_form(text: object) -> None:
    with pytest.raises(ValueError, match="write a number and a unit, as 90s"):
        parse_duration(text)  # type: ignore[arg-type]


@given(st.integers(10, 10**7))
def test_what_is_shown_of_a_duration_is_read_back_within_its_smaller_unit(seconds: int) -> None:
    shown = format_duration(timedelta(seconds=seconds))
    again = parse_duration(shown.replace(" ", "")).total_seconds()
    assert len(shown.split()) <= 2
    assert 0 <= seconds - again < (86400 if "d" in shown else 3600) / 24


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0s"),
        (0.84, "0.8s"),
        (9.96, "10s"),
        (41, "41s"),
        (59.7, "1m"),
        (7500, "2h 5m"),
        (3600, "1h"),
        (3605, "1h 5s"),
        (90000, "1d 1h"),
        (-61, "-1m 1s"),
    ],
)
def test_a_duration_is_shown_by_its_two_largest_units(seconds: float, shown: str) -> None:
    assert format_duration(timedelta(seconds=seconds)) == shown


@pytest.mark.parametrize(
    ("text", "cents"),
    [("50000/day", 5_000_000), ("2000/hour", 4_800_000), ("1_000.50/day", 100_050)],
)
def test_an_impact_is_an_amount_per_day(text: str, cents: int) -> None:
    assert parse_impact(text, currency="EUR").per_day == Money(cents, "EUR")


@pytest.mark.parametrize("text", ["50000", "50000/week", "50k/day", "-5/day", "", 50000, "_/day"])
def test_what_is_no_impact_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="amount"):
        parse_impact(text, currency="EUR")  # type: ignore[arg-type]


@given(st.integers(0, 10**9), st.floats(0, 10**6, allow_nan=False))
def test_the_cost_of_an_outage_is_exact_to_the_hundredth(cents: int, seconds: float) -> None:
    down = timedelta(seconds=seconds)
    exact = Decimal(cents) * Decimal(str(down.total_seconds())) / 86400
    cost = Impact(Money(cents, "EUR")).over(down)
    assert cost.cents == exact.quantize(Decimal(1), rounding=ROUND_HALF_EVEN)


def test_money_of_two_currencies_cannot_be_added() -> None:
    assert Money(1, "EUR") + Money(2, "EUR") == Money(3, "EUR")
    with pytest.raises(ValueError, match="cannot be added"):
        Money(1, "EUR") + Money(1, "SEK")


def test_money_reads_as_an_amount() -> None:
    assert str(Money(123456789, "EUR")) == "1,234,567.89 EUR"
