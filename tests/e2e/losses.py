"""What a rebuild may have lost, judged by the customers' ledger and the new database."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.e2e.conftest import NEW, Lost
from tests.e2e.desk import Run
from tests.e2e.witnesses import Customers, orders_in

_ARCHIVE_TIMEOUT = timedelta(seconds=60)
"""What the plan's tightest RPO (payment, 30 minutes) comes to."""
_SLACK = timedelta(seconds=30)
"""For the segment on its way, and between the loss and the first question that failed."""


def all_that_is_missing_is_listed(customers: Customers, lost: Lost, run: Run) -> None:
    """Fails unless the report of ``run`` calls lost what the customers miss, and no more."""
    held = orders_in(NEW)
    promised = {promise.number: promise.at for promise in customers.promises()}
    missing = promised.keys() - held
    listed = {
        int(promise["id"]): datetime.fromisoformat(promise["at"])
        for promise in run.report["lost"]["promises"]
        if promise["ledger"] == "card-a"
    }
    assert missing <= listed.keys(), "every order that a customer misses is listed"
    assert not listed.keys() & held, "nothing that is listed is there after all"
    # paid for as the region died, and the answer never came: the customer's ledger cannot know
    unheard = {number: at for number, at in listed.items() if number not in promised}
    assert all(abs(at - lost.at) < timedelta(seconds=5) for at in unheard.values()), unheard
    assert missing, "with load across the loss, something is lost"


def only_what_was_not_yet_archived(run: Run) -> None:
    """Fails where a process lost more time than the shop archives its log within."""
    for process in run.report["processes"]:
        achieved = process["rpo"]["achieved_seconds"]
        assert achieved is not None, process["name"]
        assert timedelta(seconds=achieved) <= _ARCHIVE_TIMEOUT + _SLACK, process["name"]
