"""What is said of changes: a line for each finding, and one line fit for a chat."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from drkit.model.record import IncidentBegan
from drkit.model.step import RunKind
from drkit.reporting.summary import findings, summary
from tests.unit.reporting import journals
from tests.unit.reporting.journals import LOST_AT, Story
from tests.unit.reporting.nights import FAILED, Night, nights

USUAL = [Night()] * 6
SANDBOX = {**journals.PLAN, "sites": {"eu-central-1": {"cloud": "sandbox"}}}
LATE = IncidentBegan(start=LOST_AT - timedelta(minutes=40), source="probe")
FAILS = Story(ends={"support": FAILED})
CHECK_FAILS = Night(story=Story(ends={"check.payment": FAILED}))
DEPLOY = Story(kind=RunKind.DEPLOY, incident=None)

SAID = {
    "as before": (
        [*USUAL, Night()],
        "payment back in 5m 34s of 1h, as in the 6 runs before",
    ),
    "slower": (
        [*USUAL, Night(slower={"proof.support": 130})],
        "payment back in 7m 44s of 1h, slower by 2m 10s: proof.support"
        " (and so are sales, orders, shipping, support)",
    ),
    "one alone": (
        [*USUAL, Night(slower={"live.support": 130})],
        "payment back in 5m 34s of 1h, as in the 6 runs before;"
        " support slower by 2m 10s: live.support",
    ),
    "the urgent one alone": (
        [*USUAL, Night(slower={"live.payment": 130})],
        "payment back in 7m 44s of 1h, slower by 2m 10s: live.payment",
    ),
    "the first": ([Night()], "payment back in 5m 34s of 1h"),
    "few": (
        [Night()] * 3,
        "payment back in 5m 34s of 1h, too few runs before to compare (2)",
    ),
    "not seen": (
        [Night(story=Story(incident=None))],
        "RTO unknown for sales, orders, payment, shipping, support (start of the incident not"
        " observed); payment back in at least 1m 9s of 1h",
    ),
    "failed": (
        [*USUAL, Night(story=FAILS)],
        "1 step failed: support. Still down: sales, orders, payment, shipping, support;"
        " newly failing: support",
    ),
    "recovered": (
        [Night(), Night(story=FAILS), Night()],
        "payment back in 5m 34s of 1h, too few runs before to compare (1); recovered: support",
    ),
    "flaky long ago": (
        [Night(), CHECK_FAILS, Night(), CHECK_FAILS, *USUAL[:3], Night()],
        "payment back in 5m 34s of 1h, as in the 5 runs before",
    ),
    "flaky": (
        [*USUAL, CHECK_FAILS, Night(), CHECK_FAILS, Night()],
        "payment back in 5m 34s of 1h, as in the 7 runs before; flaky: check.payment",
    ),
    "deploy": ([Night(story=DEPLOY)], "payment live after 1m 9s"),
}


@pytest.mark.parametrize(("told", "line"), SAID.values(), ids=SAID.keys())
def test_one_line_sums_up_the_newest_run(told: list[Night], line: str) -> None:
    assert summary(nights(told)[0]) == f"shop boutique in eu-central-1: {line}"


def test_a_run_in_the_sandbox_is_called_that() -> None:
    said = summary(nights([Night(story=Story(plan=SANDBOX))])[0])
    assert said.startswith("shop boutique in eu-central-1 (sandbox): payment back")


def test_a_validation_is_called_that_for_nobody_came_back() -> None:
    night = Story(kind=RunKind.VALIDATE, incident=None)
    said = summary(nights([Night(story=night)])[0])
    assert said.startswith("shop boutique in eu-central-1 (validation): ")
    said = summary(nights([Night(story=replace(night, plan=SANDBOX))])[0])
    assert said.startswith("shop boutique in eu-central-1 (validation, sandbox): ")


def test_a_plan_without_processes_is_told_by_how_long_it_took() -> None:
    plan = {**journals.PLAN, "processes": {}}
    found = nights([Night(story=Story(plan=plan))])[0]
    assert summary(found) == "shop boutique in eu-central-1: rebuild took 1m 22s"


LINES: list[tuple[Night, list[str]]] = [
    (
        Night(slower={"orders-db": 130}),
        [
            "sales, orders, payment, shipping, support slower by 2m 10s"
            " (7m 44s, usually 5m 34s): orders-db took 2m 20s, usually 9.7s"
        ],
    ),
    (
        Night(slower={"consent": 600}),
        [
            "sales, orders, payment, shipping, support slower by 10m"
            " (15m 34s, usually 5m 34s): consent was answered after 10m 9s, usually 9s"
        ],
    ),
    (
        Night(pause_before="cutover.epoch"),
        [
            "sales, orders, payment, shipping, support slower by 30m"
            " (35m 34s, usually 5m 34s): nobody worked on the run for 30m, usually 0s"
        ],
    ),
    (
        Night(slower={"live.sales": 130, "live.orders": 40}),
        [
            "sales slower by 2m 10s (7m 44s, usually 5m 34s): live.sales took 2m 11s, usually 1.1s",
            "orders slower by 40s in the work of the tools (1m 40s, usually 1m):"
            " live.orders took 41s, usually 1.1s",
        ],
    ),
    (
        Night(story=Story(incident=LATE)),
        [
            "sales, orders, payment, shipping, support slower by 40m (45m 34s, usually 5m 34s):"
            " the run was begun 44m 25s after the incident, usually 4m 25s"
        ],
    ),
    (Night(story=FAILS), ["support newly fails: done in 6 runs before"]),
    (
        Night(failed_first={"support": "a3" * 32}),
        [
            "support is flaky: failed in 1 of the last 7 runs,"
            " and came up again with nothing of it changed"
        ],
    ),
    (Night(), []),
]


@pytest.mark.parametrize(("last", "lines"), LINES)
def test_each_finding_is_a_line_with_its_figures(last: Night, lines: list[str]) -> None:
    assert list(findings(nights([*USUAL, last])[0].changes)) == lines


def test_what_has_recovered_says_for_how_long_it_failed() -> None:
    found = nights([Night(), *[Night(story=FAILS)] * 2, Night()])[0]
    assert list(findings(found.changes)) == ["support has recovered: failed in 2 runs before"]
