"""The shop moves back while its site serves: closed late, nothing lost, and who waited is told."""

from __future__ import annotations

from itertools import takewhile

from drkit.model.record import StepStarted
from tests.e2e.conftest import NEW, OLD, Moved, Rebuilt
from tests.e2e.desk import Desk
from tests.e2e.witnesses import orders_in

AHEAD = {"network", "storage", "compute", "base", "edge", "sessions"}
"""What needs no data of the old site."""


def test_the_site_is_closed_when_all_that_needs_no_data_is_there(moved: Moved) -> None:
    started = [r.body.step for r in moved.run.records() if isinstance(r.body, StepStarted)]
    before = set(takewhile(lambda step: step != "quiesce", started))
    assert before >= AHEAD
    assert not {"orders-db", "images"} & before
    assert started.count("quiesce") == 1, "and once, though a second command carried on"


def test_who_waits_for_a_consent_is_told_how_to_give_the_site_back(moved: Moved) -> None:
    move = moved.waited["move"]
    assert move["closed"] <= move["caught_up"]
    assert move["reopened"] is None
    parts = [part["part"] for part in move["without_the_shop"]]
    assert parts[:2] == ["closing", "restore and proof"]


def test_a_planned_move_loses_nothing(moved: Moved, rebuilt: Rebuilt) -> None:
    """What the lost region took with it is told apart: so says the report, and the new database
    itself.
    """
    assert moved.said.code == moved.run.report["exit"]
    assert moved.said.code in {0, 4}, moved.said.out + moved.said.err
    assert moved.run.report["lost"]["promises"] == []
    assert all(process["rpo"]["achieved_seconds"] == 0 for process in moved.run.report["processes"])
    taken = rebuilt.run.report["lost"]["promises"]
    assert moved.run.report["lost"]["before"] == ({rebuilt.run.folder.name: taken} if taken else {})
    assert moved.ordered <= orders_in(OLD)
    assert moved.ordered, "there was something to lose"


def test_the_report_has_what_the_move_cost_its_customers(moved: Moved) -> None:
    move = moved.run.report["move"]
    parts = {part["part"]: part["seconds"] for part in move["without_the_shop"]}
    assert list(parts) == ["closing", "restore and proof", "consent", "cutover"]
    assert moved.run.report["run"]["incident"]["source"] == "planned"
    assert moved.run.report["run"]["incident"]["start"] == move["closed"]


def test_the_site_that_was_lost_serves_again(desk: Desk, moved: Moved) -> None:
    said = desk.drkit("rebuild", "--region", NEW)
    assert said.code == 3
    assert f"answers from {OLD}.g2" in said.err
