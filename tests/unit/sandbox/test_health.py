"""What the health checkers believe, and which record the name server answers by it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from drkit.sandbox.health import HealthChecks, Standing
from drkit.sandbox.zones import Names


@dataclass
class Check:
    """A health check as moto keeps one."""

    id: str = "check"
    type_: str = "HTTPS"
    failure_threshold: int = 3
    inverted: bool = False
    disabled: bool = False


@dataclass
class Watched:
    """Checks of endpoints that answer, or do not."""

    checks: list[Check]
    answering: bool = True
    health: HealthChecks = field(init=False)

    def __post_init__(self) -> None:
        self.health = HealthChecks(lambda: tuple(self.checks), lambda _: self.answering)

    def looked(self, *, times: int, answering: bool) -> bool:
        """Whether the first check is healthy after so many looks."""
        self.answering = answering
        for _ in range(times):
            self.health.look()
        return self.health.healthy("check")


@pytest.mark.parametrize("threshold", [1, 3])
def test_so_many_looks_in_a_row_change_what_is_believed(threshold: int) -> None:
    watched = Watched([Check(failure_threshold=threshold)])
    assert watched.looked(times=threshold - 1, answering=False)
    assert not watched.looked(times=1, answering=False)
    assert watched.looked(times=threshold, answering=True)


def test_looks_that_are_not_in_a_row_change_nothing() -> None:
    standing = Standing()
    for answered in (False, False, True, False, False):
        standing = standing.after(answered=answered, threshold=3)
    assert standing.well


def test_an_inverted_check_is_healthy_while_its_endpoint_does_not_answer() -> None:
    watched = Watched([Check(inverted=True)])
    assert watched.looked(times=3, answering=False)
    assert not watched.looked(times=3, answering=True)


def test_what_is_no_check_of_an_address_or_is_disabled_counts_as_healthy() -> None:
    for check in (Check(type_="CALCULATED"), Check(disabled=True)):
        assert Watched([check]).looked(times=3, answering=False)
    assert Watched([]).looked(times=1, answering=False)


@dataclass
class RecordSet:
    """A record set as moto keeps one."""

    failover: str | None = None
    health_check_id: str | None = None


FIRST, SECOND = RecordSet("PRIMARY", "check"), RecordSet("SECONDARY")


def answered(*sets: RecordSet, healthy: bool) -> Any:
    return Names(lambda _: healthy)._answered(list(sets))


@pytest.mark.parametrize("sets", [(FIRST, SECOND), (SECOND, FIRST)])
def test_customers_are_given_the_primary_while_it_is_healthy(sets: Any) -> None:
    assert answered(*sets, healthy=True) is FIRST
    assert answered(*sets, healthy=False) is SECOND


def test_where_nothing_is_healthy_the_primary_is_answered() -> None:
    ill = RecordSet("SECONDARY", "check")
    assert answered(ill, FIRST, healthy=False) is FIRST
