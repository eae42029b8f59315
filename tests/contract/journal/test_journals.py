"""What every journal does: append in order, keep, and give back what was appended."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest

from drkit.adapters.codec import from_json
from drkit.adapters.journal_file import JournalFile
from drkit.model.record import GateAnswered, IncidentBegan, RunEnded
from drkit.ports import Journal
from tests.contract.journal.records import AT, BODIES
from tests.fakes.journal import MemoryJournal

Open = Callable[[], AbstractContextManager[Journal]]


@pytest.fixture(params=["file", "memory"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    """Opens the journal, and on the next call the same one again."""
    if request.param == "memory":
        kept = MemoryJournal(now=lambda: AT)
        return lambda: nullcontext(kept)
    return lambda: JournalFile(tmp_path / "run" / "journal.jsonl", now=lambda: AT)


def test_a_new_journal_is_empty(opened: Open) -> None:
    with opened() as journal:
        assert journal.records() == ()


def test_records_of_every_kind_come_back_as_they_were(opened: Open) -> None:
    with opened() as journal:
        for body in BODIES:
            [written] = journal.append(body)
            assert written.body == body
    with opened() as again:
        assert tuple(record.body for record in again.records()) == BODIES
        assert {record.at for record in again.records()} == {AT}


def test_records_are_numbered_in_the_order_of_their_appending(opened: Open) -> None:
    with opened() as journal:
        first = journal.append(*BODIES[:3])
        second = journal.append(*BODIES[3:])
        assert journal.records() == (*first, *second)
    with opened() as again:
        [last] = again.append(RunEnded(stand="waits"))
        assert [record.seq for record in again.records()] == list(range(len(BODIES) + 1))
        assert last.seq == len(BODIES)


def test_an_incident_written_before_unobserved_starts_were_recorded_is_read() -> None:
    old = {"start": "2026-03-14T03:00:00Z", "source": "probe", "per_process": {}}
    assert from_json(old, IncidentBegan).unobserved == ()


def test_an_answer_written_before_codes_could_be_broken_is_read() -> None:
    old = {"step": "consent", "person": "ana", "role": "lead", "consent": True}
    assert from_json({**old, "comment": "", "signed": False}, GateAnswered).broken == ""


def test_appending_nothing_changes_nothing(opened: Open) -> None:
    with opened() as journal:
        assert journal.append() == ()
        assert journal.records() == ()


def test_what_was_read_does_not_grow_with_the_journal(opened: Open) -> None:
    with opened() as journal:
        before = journal.records()
        journal.append(RunEnded(stand="waits"))
        assert before == ()
