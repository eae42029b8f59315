"""Of every kind of step that was broken off it is said what may be left, and where."""

from __future__ import annotations

from datetime import timedelta

import pytest

from drkit.model.step import (
    CheckWork,
    DnsWork,
    LedgerWork,
    Mode,
    PlaybookWork,
    StackWork,
    Step,
    StoreWork,
    Work,
)
from drkit.planning.half_done import way_back


def step(work: Work) -> Step:
    return Step(id="s", work=work, needs=(), owner="sre", budget=None, limit=timedelta(minutes=1))


@pytest.mark.parametrize(
    ("work", "words"),
    [
        (StackWork(stack="compute"), "makes nothing twice"),
        (
            StoreWork(store="orders-db", playbook="p", hosts="db", mode=Mode.RESTORE),
            "`systemctl stop drkit-restore-orders-db`",
        ),
        (StoreWork(store="orders-db", playbook="p", hosts="db", mode=Mode.CREATE), "on db a part"),
        (PlaybookWork(playbook="base", hosts="all"), "on all a part"),
        (DnsWork(), "asks what holds now"),
    ],
)
def test_what_may_be_left_is_named_with_its_place(work: Work, words: str) -> None:
    assert words in way_back(step(work))


def test_what_only_looks_leaves_nothing() -> None:
    for work in (CheckWork(paths=("c",)), LedgerWork(provider="card-a", path="l")):
        assert "only looks" in way_back(step(work))
