"""Backups of the site that serves, while customers order."""

from __future__ import annotations

import itertools
import re

from tests.e2e.conftest import NEW
from tests.e2e.desk import Desk, Said
from tests.e2e.witnesses import Customers


def test_a_full_backup_and_a_differential_one_on_top_of_it(
    backed_up: tuple[Said, Said],
) -> None:
    full, differential = backed_up
    assert full.code == 0, full.err
    assert differential.code == 0, differential.err
    first = re.search(r"full backup (\d{8}-\d{6}F), complete to \d{4}-", full.out)
    second = re.search(r"diff backup (\d{8}-\d{6}F)_\d{8}-\d{6}D, complete to", differential.out)
    assert first, full.out
    assert second, differential.out
    assert first[1] == second[1], "the second stands on the first"


def test_customers_are_served_while_it_is_taken(
    backed_up: tuple[Said, Said], customers: Customers
) -> None:
    moments = sorted(promise.at for promise in customers.promises())
    gaps = [(later - at).total_seconds() for at, later in itertools.pairwise(moments)]
    assert max(gaps) < 15, "seconds without an order"


def test_the_standby_is_ready_but_for_a_proof(desk: Desk, backed_up: tuple[Said, Said]) -> None:
    """All that can be looked at is: nothing is not known, and the one thing wrong is named."""
    said = desk.drkit("ready", "--output", "json")
    [site] = said.json()["sites"]
    wrong = [f["about"] for f in site["findings"] if f["severity"] != "note"]
    assert wrong == ["proof"], site["findings"]
    assert (site["site"], site["readiness"], said.code) == (NEW, "at risk", 4)
    assert all(process["newest_point"] for process in site["processes"])
