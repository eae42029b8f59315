"""What earlier rebuilds have lost, by their journals, which are here and outside."""

from __future__ import annotations

from datetime import timedelta

import pytest

from drkit.adapters.earlier_losses import lost_before
from drkit.adapters.journal_file import JournalFile
from drkit.adapters.runs_folder import RunsFolder
from drkit.errors import ConfigurationError
from drkit.model.plan import Plan
from drkit.model.step import RunKind
from drkit.ports import World
from tests.unit.reporting.journals import BEGAN, Story, play, promise, reading


def lose(plan: Plan, region: str, *numbers: int, days: int, consent: bool = True) -> str:
    """The journal of a rebuild that found these promises missing, so many days after the first."""
    runs, moment = RunsFolder(plan.root), BEGAN + timedelta(days=days)
    run = runs.new(RunKind.REBUILD, region, moment)
    missing = [promise(number, before=timedelta(minutes=number)) for number in numbers]
    ends = {"ledger.card-a": reading("card-a", *missing)}
    with JournalFile(runs.journal(run), now=lambda: moment) as journal:
        journal.append(*(record.body for record in play(Story(ends=ends, consent=consent))))
    return run


def test_a_promise_was_lost_by_the_first_rebuild_that_missed_it(world: World, plan: Plan) -> None:
    first = lose(plan, "eu-central-1", 1, 2, days=0)
    lose(plan, "eu-central-1", 1, 2, 7, days=1, consent=False)  # sent nobody anywhere
    second = lose(plan, "eu-west-3", 2, 3, days=2)
    assert lost_before(world, plan, "card-a", run="20991231-000000-rebuild-eu-central-1") == {
        "B-1": first,
        "B-2": first,
        "B-3": second,
    }
    assert lost_before(world, plan, "card-a", run=second) == {"B-1": first, "B-2": first}
    assert lost_before(world, plan, "card-a", run=first) == {}
    assert lost_before(world, plan, "mailbox", run="20991231-000000-rebuild-eu-west-3") == {}


def test_where_the_outside_does_not_answer_nothing_is_said(lost: World, plan: Plan) -> None:
    with pytest.raises(ConfigurationError):
        lost_before(lost, plan, "card-a", run="20991231-000000-rebuild-eu-central-1")
