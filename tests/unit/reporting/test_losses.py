"""What was lost: only ledgers say so, and what they did not say is unknown."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drkit.model.outcome import Outcome, State
from drkit.model.quantities import Money
from drkit.model.record import IncidentBegan
from drkit.reporting.losses import Loss, lost_by
from drkit.reporting.report import Report, report
from drkit.reporting.verdict import Verdict
from tests.unit.reporting.journals import LOST_AT, PLAN, Story, play, promise, reading


def _loss(made: Report, process: str) -> Loss:
    found = next(p.rpo for p in made.processes if p.name == process)
    assert found
    return found.loss


def _with(outcome: Outcome | None) -> Report:
    return report(play(Story(ends={"ledger.card-a": outcome})))


ages = st.lists(st.integers(-60, 86_400), max_size=30)


@given(ages=ages)
def test_the_achieved_rpo_is_the_age_of_the_oldest_missing_promise(ages: list[int]) -> None:
    lost = [promise(n, before=timedelta(seconds=age)) for n, age in enumerate(ages)]
    loss = _loss(_with(reading("card-a", *lost)), "sales")
    assert loss.achieved == timedelta(seconds=max([0, *ages]))
    assert len(loss.missing) == len(ages)


@given(ages=ages, cents=st.integers(0, 10**9))
def test_money_is_summed_to_the_cent_and_counted_once_for_a_shared_ledger(
    ages: list[int], cents: int
) -> None:
    lost = [
        promise(n, before=timedelta(seconds=age), cents=cents + n) for n, age in enumerate(ages)
    ]
    made = _with(reading("card-a", *lost))
    whole = sum(cents + n for n in range(len(ages)))
    expected = (Money(whole, "EUR"),) if ages else ()
    assert made.lost_money == expected
    for process in ("sales", "orders", "payment"):
        assert _loss(made, process).money == expected
    assert len(made.lost) == len(ages)


def test_nothing_missing_is_a_loss_of_zero() -> None:
    loss = _loss(_with(reading("card-a")), "sales")
    assert (loss.achieved, loss.missing, loss.reason) == (timedelta(), (), "")


def test_a_process_without_a_ledger_has_an_unknown_loss() -> None:
    processes = PLAN["processes"]
    assert isinstance(processes, dict)
    plan = {**PLAN, "processes": {"sales": {**processes["sales"], "ledger": None}}}
    made = report(play(Story(plan=plan)))
    assert _loss(made, "sales").achieved is None
    assert _loss(made, "sales").reason == "the process names no ledger"
    assert made.exit == 8


failed = Outcome(state=State.FAILED, message="the books of card-a cannot be read")


@pytest.mark.parametrize("outcome", [None, failed], ids=["lost", "failed"])
def test_a_ledger_that_was_not_read_leaves_the_loss_unknown(outcome: Outcome | None) -> None:
    made = _with(outcome)
    assert _loss(made, "sales").achieved is None
    assert "was not read" in _loss(made, "sales").reason
    assert _loss(made, "shipping").achieved == timedelta()


@pytest.mark.parametrize(
    "entry",
    [
        {"id": "B-1"},
        {**promise(1, before=timedelta()), "at": "yesterday"},
        {**promise(1, before=timedelta()), "at": "2026-03-14T02:57:00"},
        {**promise(1, before=timedelta()), "cents": "49.90"},
        {**promise(1, before=timedelta()), "cents": 49.9},
    ],
)
def test_a_reading_that_makes_no_sense_is_unknown_and_never_empty(
    entry: dict[str, object],
) -> None:
    loss = _loss(_with(reading("card-a", entry)), "sales")
    assert loss.achieved is None
    assert "cannot be understood" in loss.reason


@pytest.mark.parametrize("amount", [{"cents": None}, {"cents": 0, "currency": ""}])
def test_a_promise_without_an_amount_is_listed_and_adds_no_money(
    amount: dict[str, object],
) -> None:
    entry = {**promise(1, before=timedelta(seconds=9)), **amount, "what": "ticket"}
    made = report(play(Story(ends={"ledger.mailbox": reading("mailbox", entry)})))
    assert [p.what for p in made.lost] == ["ticket"]
    assert made.lost_money == ()
    assert _loss(made, "support").achieved == timedelta(seconds=9)


def test_amounts_of_two_currencies_are_never_added() -> None:
    first = promise(1, before=timedelta(seconds=9), cents=100)
    second = {**promise(2, before=timedelta(seconds=9), cents=50), "currency": "CHF"}
    assert _with(reading("card-a", first, second)).lost_money == (
        Money(50, "CHF"),
        Money(100, "EUR"),
    )


def test_without_an_observed_start_a_loss_is_at_most_and_can_only_be_met_or_unknown() -> None:
    guessed = IncidentBegan(start=LOST_AT, source="run")
    for age, verdict in ((29, Verdict.MET), (31, Verdict.UNKNOWN)):
        lost = promise(1, before=timedelta(minutes=age))
        ends = {"ledger.card-a": reading("card-a", lost)}
        made = report(play(Story(incident=guessed, ends=ends)))
        payment = next(p.rpo for p in made.processes if p.name == "payment")
        assert payment
        assert payment.loss.at_most
        assert payment.verdict is verdict


EARLIER = "20260301-101500-rebuild-eu-west-3"


def test_what_an_earlier_rebuild_had_lost_is_no_loss_of_this_one_and_is_told() -> None:
    old = {**promise(1, before=timedelta(days=13)), "lost_by": EARLIER}
    alone = _with(reading("card-a", old))
    assert _loss(alone, "sales").achieved == timedelta()
    assert (alone.lost, alone.lost_money) == ((), ())
    assert [(p.id, p.lost_by) for p in alone.lost_before] == [("B-1", EARLIER)]
    new = promise(2, before=timedelta(seconds=9))
    both = _with(reading("card-a", old, new))
    assert _loss(both, "sales").achieved == timedelta(seconds=9)
    assert [p.id for p in both.lost] == ["B-2"]
    assert [p.id for p in both.lost_before] == ["B-1"]


def test_a_rebuild_has_lost_what_was_missing_once_it_has_raised_the_epoch_and_not_before() -> None:
    lost = promise(1, before=timedelta(seconds=9))
    old = {**promise(2, before=timedelta(days=13)), "lost_by": EARLIER}
    ends = {"ledger.card-a": reading("card-a", lost, old)}
    whole = play(Story(ends=ends))
    assert lost_by(whole, "card-a", run="this") == {"B-1": "this", "B-2": EARLIER}
    assert lost_by(whole, "mailbox", run="this") == {}
    assert lost_by(play(Story(ends=ends, consent=False)), "card-a", run="this") == {}
    assert lost_by((), "card-a", run="this") == {}
