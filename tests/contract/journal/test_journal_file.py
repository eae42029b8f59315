"""What happens to a file: torn, changed, shortened, opened twice, written by another drkit."""

from __future__ import annotations

import gc
import json
import os
import resource
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from drkit.adapters.journal_file import JournalFile, read_journal
from drkit.adapters.journal_lines import GENESIS, _digest
from drkit.errors import JournalDamaged, RunBusy
from drkit.model.outcome import Outcome, State
from drkit.model.record import RunEnded, StepEnded
from drkit.ports import Secret
from tests.contract.journal.records import AT, BODIES


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal with one record of each kind."""
    file = tmp_path / "run" / "journal.jsonl"
    with opened(file) as journal:
        journal.append(*BODIES)
    return file


def opened(file: Path) -> JournalFile:
    return JournalFile(file, now=lambda: AT)


SMALL = StepEnded(
    step="network",
    number=1,
    outcome=Outcome(state=State.DONE),
    elapsed=timedelta(seconds=5),
)


def test_every_change_of_a_single_byte_is_found(tmp_path: Path) -> None:
    path = tmp_path / "small" / "journal.jsonl"
    with opened(path) as journal:
        journal.append(SMALL, RunEnded(stand="waits"))
    whole = path.read_bytes()
    last_newline = len(whole) - 1  # changed, it makes a torn line of the last one: see below
    missed = []
    for index in range(last_newline):
        for other in {whole[index] ^ 1, *b"\te"}:
            if other == whole[index]:
                continue
            path.write_bytes(whole[:index] + bytes([other]) + whole[index + 1 :])
            try:
                read_journal(path)
            except JournalDamaged:
                continue
            missed.append((index, whole[max(0, index - 20) : index + 20], bytes([other])))
    assert missed == []


def test_a_damaged_line_is_named(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:2], lines[2].replace(b"network", b"netwerk"), *lines[3:]]))
    with pytest.raises(JournalDamaged, match=r"journal\.jsonl:3"):
        read_journal(path)


@pytest.mark.parametrize("gone", [0, 1, len(BODIES) - 2])
def test_a_line_that_is_missing_is_found(path: Path, gone: int) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:gone] + lines[gone + 1 :]))
    with pytest.raises(JournalDamaged):
        read_journal(path)


def test_lines_that_changed_places_are_found(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], lines[2], lines[1], *lines[3:]]))
    with pytest.raises(JournalDamaged):
        read_journal(path)


def test_a_record_of_another_run_in_its_own_place_is_found(path: Path, tmp_path: Path) -> None:
    """Its own hash is right and so is its number: only the chain tells."""
    other = tmp_path / "other" / "journal.jsonl"
    with opened(other) as journal:
        journal.append(RunEnded(stand="waits"), *BODIES[1:])
    ours, theirs = path.read_bytes().split(b"\n"), other.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([ours[0], *theirs[1:]]))
    with pytest.raises(JournalDamaged, match=r"journal\.jsonl:2"):
        read_journal(path)


def test_a_record_out_of_order_is_found_even_with_a_right_hash(tmp_path: Path) -> None:
    entry: dict[str, object] = {
        "v": 1,
        "seq": 7,
        "at": "2026-03-14T03:02:10.000000Z",
        "kind": "run.ended",
        "body": {"stand": "finished"},
        "prev": GENESIS,
    }
    file = tmp_path / "journal.jsonl"
    file.write_text(json.dumps({**entry, "hash": _digest(entry)}) + "\n")
    with pytest.raises(JournalDamaged, match="out of order"):
        read_journal(file)


def test_a_line_torn_at_any_byte_is_cut_off_and_the_journal_goes_on(path: Path) -> None:
    whole = path.read_bytes()
    start = whole[:-1].rfind(b"\n") + 1
    for length in range(start, len(whole)):
        path.write_bytes(whole[:length])
        assert len(read_journal(path)) == len(BODIES) - 1
    with opened(path) as journal:
        assert path.read_bytes() == whole[:start]
        journal.append(BODIES[-1])
    assert path.read_bytes() == whole


def test_reading_changes_nothing(path: Path) -> None:
    torn = path.read_bytes()[:-5]
    path.write_bytes(torn)
    read_journal(path)
    assert path.read_bytes() == torn


def test_a_second_writer_is_told_that_the_run_is_busy(path: Path) -> None:
    with opened(path), pytest.raises(RunBusy, match="run"):
        opened(path).__enter__()
    with opened(path) as again:
        assert len(again.records()) == len(BODIES), "and the lock ends with the first"


def test_a_reader_needs_no_lock(path: Path) -> None:
    with opened(path):
        assert len(read_journal(path)) == len(BODIES)


def test_a_damaged_journal_is_not_left_locked(path: Path) -> None:
    sound = path.read_bytes()
    path.write_bytes(sound.replace(b"network", b"netwerk"))
    with pytest.raises(JournalDamaged):
        opened(path).__enter__()
    path.write_bytes(sound)
    with opened(path) as journal:
        assert len(journal.records()) == len(BODIES)
    gc.collect()  # a file left open would warn here, and a warning is an error


def test_a_newer_version_is_refused_with_the_remedy(path: Path) -> None:
    lines = path.read_text().removesuffix("\n").split("\n")
    entry = json.loads(lines[-1])
    del entry["hash"]
    entry["v"] = 2
    lines[-1] = json.dumps({**entry, "hash": _digest(entry)}, ensure_ascii=False)
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(JournalDamaged, match="newer drkit") as refused:
        read_journal(path)
    assert "the drkit that wrote it" in refused.value.remedy


@pytest.mark.parametrize(
    "line", ["", "{}", "[]", "null", "7", '{"v": "1", "hash": ""}', '{"v": 1}', "\x00\xff"]
)
def test_what_is_no_record_is_damage_and_not_a_crash(path: Path, line: str) -> None:
    with path.open("ab") as file:
        file.write(line.encode("latin-1") + b"\n")
    with pytest.raises(JournalDamaged, match=f":{len(BODIES) + 1}"):
        read_journal(path)


def test_there_is_no_journal_where_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(JournalDamaged, match="no journal"):
        read_journal(tmp_path / "journal.jsonl")


def test_the_folder_is_private(path: Path) -> None:
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_closed_journal_takes_nothing(path: Path) -> None:
    journal = opened(path)
    with journal:
        pass
    with pytest.raises(JournalDamaged, match="not open"):
        journal.append(RunEnded(stand="finished"))


def test_a_record_is_on_the_disk_when_append_returns(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[bytes] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        real(descriptor)
        synced.append(path.read_bytes())

    with opened(path) as journal:
        monkeypatch.setattr(os, "fsync", fsync)
        journal.append(RunEnded(stand="waits"), RunEnded(stand="finished"))
    assert len(synced) == 1, "one for all records of one append"
    assert synced[0].endswith(b"\n")
    assert b"finished" in synced[0].splitlines()[-1]


def test_what_finds_no_room_is_not_there_and_a_later_record_is(path: Path) -> None:
    """The kernel takes the first bytes of a record, and refuses the rest."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with opened(path) as journal:
        before = path.read_bytes()
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 10, hard))
        try:
            with pytest.raises(OSError, match="File too large") as refused:
                journal.append(RunEnded(stand="waits"))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert refused.value.filename == str(path)
        assert path.read_bytes() == before
        journal.append(RunEnded(stand="finished"))
    assert [r.body for r in read_journal(path)][-1] == RunEnded(stand="finished")


def test_a_secret_cannot_be_written(path: Path) -> None:
    leak = RunEnded(stand=Secret("hunter2"))  # type: ignore[arg-type]
    with opened(path) as journal, pytest.raises(TypeError, match="Secret"):
        journal.append(leak)
    assert b"hunter2" not in path.read_bytes()
