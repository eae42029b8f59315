"""The journal in two places: nothing is lost, nothing is written by whoever lost the run."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from drkit.adapters import held as held_module
from drkit.adapters.held import journal_place
from drkit.adapters.journal_copies import bring, bring_newest, records_outside
from drkit.adapters.journal_file import read_journal
from drkit.adapters.lease import read_lease, take_over
from drkit.adapters.outside_store import OutsideStore
from drkit.errors import ConfigurationError, JournalDamaged, RunTaken
from drkit.model.place_record import OutsideBack, OutsideLost
from drkit.model.plan import Plan
from drkit.model.record import RunTakenOver
from drkit.ports import World
from tests.contract.cloud.places import BEGUN, ENDED, OVER, REGION, RUN, Place, eventually

Two = tuple[Place, Place]
TAKEN = RunTakenOver(operator="bo@host", reason="gone", before="ana@host")


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held_module, "EVERY", timedelta(seconds=0.1))
    monkeypatch.setattr(held_module, "_AGAIN", timedelta(seconds=0.05))


@pytest.fixture
def two(world: World, plan: Plan) -> Two:
    return Place(world, plan, "ana"), Place(world, plan, "bo")


def test_another_place_reads_what_was_recorded_and_goes_on(two: Two) -> None:
    ana, bo = two
    ana.record(BEGUN, ENDED)
    assert records_outside(bo.store, REGION, RUN) == read_journal(ana.journal)
    bo.record(OVER)
    assert [record.body for record in read_journal(bo.journal)] == [BEGUN, ENDED, OVER]
    ana.record(BEGUN)
    assert [record.body for record in read_journal(ana.journal)] == [BEGUN, ENDED, OVER, BEGUN]
    assert records_outside(ana.store, REGION, RUN) == read_journal(ana.journal)


def test_a_start_is_outside_before_the_step_may_begin(two: Two) -> None:
    ana, _ = two
    with ana.hold() as held, ana.open(held) as journal:
        journal.append(BEGUN)
        assert [r.body for r in records_outside(ana.store, REGION, RUN)] == [BEGUN]


def test_an_end_and_the_start_that_follows_it_are_one_call(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, _ = two
    monkeypatch.setattr(held_module, "_GATHER", timedelta(minutes=1))
    with ana.hold() as held, ana.open(held) as journal:
        journal.append(BEGUN)
        for _ in range(10):
            journal.append(ENDED)
            journal.append(BEGUN)
        assert len(list(ana.store.names(f"{journal_place(REGION, RUN)}/"))) == 11
        assert len(records_outside(ana.store, REGION, RUN)) == 21


def test_an_end_that_nothing_follows_is_sent_all_the_same(two: Two) -> None:
    ana, _ = two
    with ana.hold() as held, ana.open(held) as journal:
        journal.append(ENDED)
        eventually(lambda: records_outside(ana.store, REGION, RUN))


def test_whoever_lost_the_run_records_nothing_and_starts_nothing(two: Two) -> None:
    ana, bo = two
    with ana.hold(RUN) as held, ana.open(held) as journal:
        journal.append(BEGUN, ENDED)
        held.wait_sent(timedelta(seconds=5))
        _take_over(bo)
        eventually(lambda: held.taken_by)
        with pytest.raises(RunTaken, match="bo@host took this run over") as refused:
            journal.append(BEGUN)
        assert "gone" in str(refused.value)
        with pytest.raises(RunTaken):
            journal.append(ENDED)
        assert held.abort_asked, "and its running tries are to be ended"
    bodies = [record.body for record in records_outside(bo.store, REGION, RUN)]
    assert bodies == [BEGUN, ENDED, TAKEN]


def test_a_start_that_met_the_new_owners_segment_was_never_allowed(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old owner wakes up before its next sign of life: the segment's name refuses it."""
    ana, bo = two
    monkeypatch.setattr(held_module, "EVERY", timedelta(hours=1))
    with ana.hold(RUN) as held, ana.open(held) as journal:
        journal.append(BEGUN, ENDED)
        held.wait_sent(timedelta(seconds=5))
        _take_over(bo)
        with pytest.raises(RunTaken):
            journal.append(BEGUN)
    assert read_journal(ana.journal)[-1].body == BEGUN, "its own file has it"
    bring(ana.store, ana.runs, REGION, RUN)
    assert read_journal(ana.journal)[-1].body == TAKEN, "the truth replaces it"
    aside = ana.journal.with_name("journal.1.overtaken.jsonl")
    assert read_journal(aside)[-1].body == BEGUN, "and nothing is thrown away"


def _take_over(place: Place) -> None:
    found = read_lease(place.store, REGION)
    assert found
    mine = take_over(place.store, found, replace(place.me(RUN), reason="gone"))
    with held_module.Held(place.store, mine, place.owner) as held, place.open(held) as journal:
        journal.append(TAKEN)


def test_a_run_goes_on_while_the_outside_is_away_says_so_and_catches_up(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, bo = two
    with ana.hold() as held, ana.open(held) as journal:
        journal.append(BEGUN)
        with monkeypatch.context() as away:
            away.setattr(OutsideStore, "put", _away)
            eventually(lambda: held.trouble)
            lost, _ = journal.append(ENDED)
            assert isinstance(lost.body, OutsideLost)
            assert "does not answer" in lost.body.error
            [begun] = journal.append(BEGUN)
            assert begun.body == BEGUN, "a step may start all the same"
            assert len(records_outside(bo.store, REGION, RUN)) == 1
        eventually(lambda: not held.trouble)
        back, _ = journal.append(ENDED)
        assert isinstance(back.body, OutsideBack)
    assert records_outside(bo.store, REGION, RUN) == read_journal(ana.journal)


def _away(*_: object, **__: object) -> None:
    raise ConfigurationError("it does not answer")


def test_what_was_not_sent_when_drkit_died_is_sent_by_the_next_one_here(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, bo = two
    ana.record(BEGUN)
    with monkeypatch.context() as away:
        with ana.hold() as held, ana.open(held) as journal:
            away.setattr(held_module, "_LAST_WORD", timedelta(0))
            away.setattr(OutsideStore, "put", _away)
            journal.append(ENDED)
        held._thread.join()  # else it gives the lease back in the middle of what follows
    assert len(records_outside(bo.store, REGION, RUN)) == 1
    ana.record(OVER)
    found = [record.body for record in records_outside(bo.store, REGION, RUN)]
    assert [body for body in found if not isinstance(body, OutsideLost)] == [BEGUN, ENDED, OVER]


def test_a_put_whose_answer_was_lost_is_no_takeover(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, _ = two
    put, deaf = OutsideStore.put, [True]

    def loses_an_answer(
        store: OutsideStore, key: str, body: bytes, *, replacing: str = "", **more: Any
    ) -> object:
        done = put(store, key, body, replacing=replacing, **more)
        if key.startswith("journals/") and deaf:
            deaf.pop()
            raise ConfigurationError("the answer was lost")
        return done

    monkeypatch.setattr(OutsideStore, "put", loses_an_answer)
    with ana.hold() as held, ana.open(held) as journal:
        journal.append(BEGUN)
        journal.append(ENDED)
    assert not deaf
    found = [record.body for record in records_outside(ana.store, REGION, RUN)]
    assert [body for body in found if body in (BEGUN, ENDED)] == [BEGUN, ENDED]


def test_a_torn_last_line_is_cut_off_and_is_no_contradiction(two: Two) -> None:
    ana, bo = two
    ana.record(BEGUN)
    with ana.journal.open("ab") as file:
        file.write(b'{"v": 1, "seq": 1, "at"')
    bo.record(ENDED)
    ana.record(OVER)
    assert [record.body for record in read_journal(ana.journal)] == [BEGUN, ENDED, OVER]
    assert not list(ana.journal.parent.glob("*.overtaken.jsonl"))


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_segment_that_was_changed_is_found_and_takes_no_files_place(
    two: Two, number: int
) -> None:
    ana, bo = two
    for body in (BEGUN, ENDED, OVER):
        ana.record(body)
    key = f"journals/{REGION}/{RUN}/{number:08d}.jsonl"
    stored = ana.store.read(key)
    assert stored
    ana.store.put(key, stored.body.replace(b'"at"', b'"At"'), replacing=stored.tag)
    with pytest.raises(JournalDamaged, match=f":{number + 1}"):
        bring(bo.store, bo.runs, REGION, RUN)
    assert not bo.journal.exists()


def test_only_the_newest_run_of_each_kind_is_brought(two: Two) -> None:
    ana, bo = two
    names = [
        f"2026112{day}-060000-{kind}-{REGION}" for day in (1, 2) for kind in ("deploy", "rebuild")
    ]
    for name in names:
        with ana.hold() as held, ana.open(held, name) as journal:
            journal.append(BEGUN)
    bring_newest(bo.store, bo.runs, REGION)
    assert bo.runs.names() == sorted(names[2:], reverse=True)
