"""What a rebuild of a warm site finds done: by the records of its standby, and by today's files."""

from __future__ import annotations

import pytest

from drkit.model.outcome import Outcome, State
from drkit.model.record import Target
from drkit.reporting.head_start import HeadStart
from drkit.reporting.readiness.standby import Standing
from tests.unit.reporting.journals import Records, a_standby

STEPS = ("network", "storage", "compute", "base")
NOW = dict.fromkeys(STEPS, "a3" * 32)
TARGET = Target(shop="boutique", region="eu-central-1", generation=1)
MENDS = "`drkit standby --region eu-central-1` brings"


def found(
    records: Records | None, digests: dict[str, str] | None = None, *, asked: bool = False
) -> HeadStart:
    standing = None if records is None else Standing(target=TARGET, records=records)
    return HeadStart(region=TARGET.region, standing=standing, digests=digests or NOW, asked=asked)


def test_all_of_one_that_stands_whole_is_done() -> None:
    head_start = found(a_standby())
    assert head_start.done == STEPS
    assert head_start.lines()[0] == (
        "warm: eu-central-1.g1 stands by (as the runs on this machine tell; if it was reaped since:"
        " `drkit plan --region eu-central-1 --preview` asks);"
        f" ✓ done by {head_start.run}: network, storage, compute, base"
    )
    assert "that time is not counted" in head_start.lines()[1]


def test_where_nothing_stands_it_is_cold_with_the_remedy() -> None:
    head_start = found(None, asked=True)
    assert head_start.done == ()
    assert head_start.lines() == [f"cold: no standby is there (asked outside); {MENDS} one up"]
    assert head_start.as_json()["standing"] is None


@pytest.mark.parametrize(
    ("records", "digests"),
    [
        (a_standby({"compute": Outcome(state=State.FAILED)}), NOW),
        (a_standby(), {**NOW, "compute": "b4", "base": "b4"}),
    ],
    ids=["failed", "of other files"],
)
def test_what_failed_and_what_is_made_of_other_files_now_is_not_done(
    records: Records, digests: dict[str, str]
) -> None:
    head_start = found(records, digests)
    assert head_start.done == ("network", "storage")
    assert (
        f"not done, or of other files: compute, base: {MENDS} it up to date"
        in head_start.lines()[0]
    )


def test_one_of_which_no_journal_tells_has_done_nothing() -> None:
    head_start = found(())
    assert head_start.done == ()
    assert "done by a run that is not known: nothing" in head_start.lines()[0]
