"""What no world could make right is refused before the world is looked at."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from drkit.errors import UsageError
from drkit.model.step import RunKind, RunMode
from drkit.model.wish import Wish
from tests.fakes import plans
from tests.fakes.clock import START

WISH = Wish(plan=plans.plan(), kind=RunKind.REBUILD, region="eu-central-1")
PLANNED = replace(WISH, mode=RunMode.PLANNED)
MINUTE = timedelta(minutes=1)


def test_what_can_be_wished_for_is_not_refused() -> None:
    WISH.check(START)
    replace(WISH, since=START - MINUTE, recover_to=START).check(START)
    replace(WISH, accept_plan_change=True, reason="why").check(START)
    PLANNED.check(START)


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (replace(WISH, since=START + MINUTE), "`since` .* has not come yet"),
        (replace(WISH, recover_to=START + MINUTE), "`to` .* has not come yet"),
        (replace(WISH, since=datetime(2026, 3, 1)), "names no zone"),  # noqa: DTZ001 - the case
        (replace(PLANNED, kind=RunKind.DEPLOY), "a deploy moves nobody"),
        (replace(PLANNED, since=START - MINUTE), "planned move has no `since`"),
        (replace(PLANNED, recover_to=START - MINUTE), "the last transaction of the old site"),
        (replace(WISH, max_parallel=0), "no step may run"),
        (replace(WISH, accept_plan_change=True, reason=" "), "needs a reason"),
    ],
)
def test_what_is_wrong_in_any_world_is_refused_with_a_remedy(wish: Wish, words: str) -> None:
    with pytest.raises(UsageError, match=words) as refused:
        wish.check(START)
    assert refused.value.remedy
