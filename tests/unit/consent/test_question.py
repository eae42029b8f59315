"""What a person is told at the gate: from it alone they decide about every customer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest

from drkit.adapters.question import question
from drkit.model.outcome import Failure, Outcome, State
from drkit.model.record import Target
from drkit.model.step import RunKind
from drkit.reporting.report import report
from tests.unit.reporting.journals import PLAN, Records, Story, play, promise, reading

TARGET = Target(shop="boutique", region="eu-central-1", generation=1)
SILENT = "no answer (shop.example has no address)"
FAILED = Outcome(state=State.FAILED, message="no", failures=(Failure(message="no"),))
UNREAD = Outcome(state=State.FAILED, message="the books of card-a cannot be read")
VANISHED = Outcome(state=State.UNKNOWN, message="effect unknown: its process vanished")
LOST = reading("card-a", promise(1, before=timedelta(seconds=9), cents=4990))


def at_the_gate(ends: Mapping[str, Outcome | None] | None = None) -> Records:
    """A rebuild that waits for its consent; ``ends`` as :class:`Story` has them."""
    return play(Story(consent=None, stand=None, ends=ends or {}))


def asked(records: Records, *, public: str = SILENT) -> list[str]:
    told = question(report(records), name="shop.example", target=TARGET, public=public)
    return told.splitlines()


def line(lines: list[str], start: str) -> str:
    [found] = [one for one in lines if one.startswith(start)]
    return found


def test_where_all_is_well_four_lines_say_so_and_what_yes_means() -> None:
    assert asked(at_the_gate()) == [
        "eu-central-1.g1 is built. Proven: sales, orders, payment, shipping, support.",
        "Missing after the restore: 0 promises, no money.",
        "shop.example now: no answer (shop.example has no address).",
        "Yes sends its customers to eu-central-1.g1 and closes every other site for good.",
    ]


def test_what_the_old_site_answers_now_is_said_in_its_own_words() -> None:
    lines = asked(at_the_gate(), public="answers with 200")
    assert line(lines, "shop.example now") == "shop.example now: answers with 200."


def test_what_is_lost_is_said_with_its_money_each_promise_once() -> None:
    elsewhere = {**promise(2, before=timedelta(seconds=8), cents=50), "currency": "CHF"}
    two = reading("card-a", promise(1, before=timedelta(seconds=9), cents=4990), elsewhere)
    lines = asked(at_the_gate({"ledger.card-a": two}))
    assert line(lines, "Missing") == "Missing after the restore: 2 promises, 0.50 CHF, 49.90 EUR."


def test_one_promise_is_one() -> None:
    lines = asked(at_the_gate({"ledger.card-a": LOST}))
    assert line(lines, "Missing") == "Missing after the restore: 1 promise, 49.90 EUR."


@pytest.mark.parametrize(
    "outcome", [UNREAD, VANISHED, None], ids=["failed", "unknown", "still being read"]
)
def test_a_ledger_that_was_not_read_is_not_known_and_never_no_promises(
    outcome: Outcome | None,
) -> None:
    missing = line(asked(at_the_gate({"ledger.card-a": outcome})), "Missing")
    assert missing == (
        "Missing after the restore: not known for sales, orders, payment:"
        " the ledger card-a was not read."
    )
    assert "0 promises" not in missing
    assert "no money" not in missing


def test_of_two_ledgers_the_one_that_was_read_is_a_least_and_the_other_not_known() -> None:
    missing = line(asked(at_the_gate({"ledger.card-a": LOST, "ledger.carrier": UNREAD})), "Missing")
    assert missing == (
        "Missing after the restore: at least 1 promise, 49.90 EUR;"
        " not known for shipping: the ledger carrier was not read."
    )


def test_a_process_without_a_ledger_is_not_known_either() -> None:
    processes = PLAN["processes"]
    assert isinstance(processes, dict)
    blind = {**processes, "support": {**processes["support"], "ledger": None}}
    story = Story(consent=None, stand=None, plan={**PLAN, "processes": blind})
    assert "not known for support: the process names no ledger" in line(
        asked(play(story)), "Missing"
    )


@pytest.mark.parametrize("outcome", [FAILED, VANISHED], ids=["failed", "unknown"])
def test_a_step_that_did_not_end_well_is_named(outcome: Outcome) -> None:
    lines = asked(at_the_gate({"protect": None, "edge": outcome, "images": outcome}))
    assert line(lines, "NOT WELL") == "NOT WELL: images, edge."


def test_a_proof_that_failed_is_named_and_what_it_leaves_unproven() -> None:
    lines = asked(at_the_gate({"proof.shipping": FAILED}))
    assert lines[0] == "eu-central-1.g1 is built. Proven: sales, orders, payment, support."
    assert line(lines, "Not proven") == "Not proven: shipping."
    assert line(lines, "NOT WELL") == "NOT WELL: proof.shipping."


def test_a_proof_that_could_not_run_is_not_proven_and_what_stopped_it_is_named() -> None:
    lines = asked(at_the_gate({"support": FAILED}))
    assert lines[0] == "eu-central-1.g1 is built. Proven: nothing."
    assert line(lines, "Not proven") == "Not proven: sales, orders, payment, shipping, support."
    assert line(lines, "NOT WELL") == "NOT WELL: support."


def test_a_deployment_restores_nothing_and_so_misses_nothing() -> None:
    story = Story(kind=RunKind.DEPLOY, incident=None, consent=None, stand=None)
    assert not [one for one in asked(play(story)) if "Missing" in one]
