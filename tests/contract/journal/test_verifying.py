"""A journal held to what its owners signed: each way to spoil it is found, and placed.

The guard is the signature or the head, so each of these has its control: the journal as it was.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from drkit.adapters.heads import Head, SignedHead, written
from drkit.adapters.journal_copies import Segment
from drkit.adapters.journal_lines import GENESIS, hash_of, parse_lines, write_lines
from drkit.adapters.journal_verify import (
    Copy,
    check_against,
    check_file,
    check_heads,
    check_segments,
)
from drkit.adapters.owner import Owner
from drkit.errors import ConfigurationError, JournalDamaged
from drkit.model.record import Body, Record, RunBegan, RunEnded, RunResumed, RunTakenOver
from tests.contract.journal.records import AT, BODIES

RUN = "20260314-030210-rebuild-eu-central-1"
BEGAN = next(body for body in BODIES if isinstance(body, RunBegan))

Segments = tuple[Segment, ...]


@pytest.fixture(scope="module")
def ana(tmp_path_factory: pytest.TempPathFactory) -> Owner:
    return Owner(tmp_path_factory.mktemp("ana"))


@pytest.fixture(scope="module")
def bo(tmp_path_factory: pytest.TempPathFactory) -> Owner:
    return Owner(tmp_path_factory.mktemp("bo"))


def sealed(*parts: tuple[Owner | None, tuple[Body, ...]], run: str = RUN) -> Segments:
    """A segment for each part, signed by its owner, or by nobody."""
    segments, last, first = [], GENESIS, 0
    for owner, bodies in parts:
        records = tuple(Record(seq=first + n, at=AT, body=body) for n, body in enumerate(bodies))
        body, last = write_lines(records, last)
        note = signed(owner, run, first + len(bodies), last) if owner else ""
        segments.append(Segment(first=first, body=body, note=note))
        first += len(bodies)
    return tuple(segments)


def signed(owner: Owner, run: str, records: int, last: str) -> str:
    return written(owner.sign(Head(run=run, records=records, last=last)))


def took(owner: Owner) -> RunTakenOver:
    return RunTakenOver(operator="bo@desk", reason="gone", before="ana@laptop", key=owner.key)


WAITS, OVER = RunEnded(stand="waits"), RunEnded(stand="finished")


@pytest.fixture(scope="module")
def sound(ana: Owner, bo: Owner) -> Segments:
    """Ana began, bo took over and ended it."""
    began = replace(BEGAN, key=ana.key, operator="ana@laptop")
    return sealed(
        (ana, (began, WAITS)), (ana, (WAITS,)), (bo, (took(bo), WAITS)), (bo, (WAITS, OVER))
    )


def check(segments: Segments) -> Copy:
    return check_segments(segments, RUN, "outside")


def head_of(segments: Segments, owner: Owner) -> SignedHead:
    hashes = [hash_of(line) for segment in segments for line in segment.body.splitlines()]
    return owner.sign(Head(run=RUN, records=len(hashes), last=hashes[-1]))


def test_what_was_written_holds_and_its_owners_are_named(
    sound: Segments, ana: Owner, bo: Owner
) -> None:
    copy = check(sound)
    assert (copy.records, copy.unsigned) == (7, 0)
    hands = [(hand.first, hand.operator, hand.key) for hand in copy.hands]
    assert hands == [(0, "ana@laptop", ana.key), (3, "bo@desk", bo.key)]
    check_heads(copy, {"the lease": head_of(sound, bo)}, whole=True)


def test_every_change_of_a_single_byte_of_a_segment_is_found(bo: Owner, ana: Owner) -> None:
    """Also of the last line break, which in a file is a torn line: here the signature tells."""
    began = RunResumed(operator="ana@laptop", pid=1, key=ana.key)
    segments = sealed((ana, (began, WAITS)), (ana, (OVER,)))
    missed = []
    for number, segment in enumerate(segments):
        for index, byte in enumerate(segment.body):
            for other in {byte ^ 1, *b"\te"} - {byte}:
                body = segment.body[:index] + bytes([other]) + segment.body[index + 1 :]
                spoilt = replace(segment, body=body)
                try:
                    check((*segments[:number], spoilt, *segments[number + 1 :]))
                except JournalDamaged:
                    continue
                missed.append((number, index, bytes([other])))
    assert missed == []
    check(segments)


def test_every_change_of_a_single_byte_of_a_signature_is_found(sound: Segments) -> None:
    last = sound[-1]
    missed = []
    for index, letter in enumerate(last.note):
        for other in {chr(ord(letter) ^ 1), chr(ord(letter) + 1), "A"} - {letter}:
            note = last.note[:index] + other + last.note[index + 1 :]
            try:
                check((*sound[:-1], replace(last, note=note)))
            except JournalDamaged:
                continue
            missed.append((index, other))
    assert missed == []


Spoil = Callable[[Segments], Segments]


def without_a_line(number: int, line: int) -> Spoil:
    def spoil(segments: Segments) -> Segments:
        lines = segments[number].body.splitlines(keepends=True)
        body = b"".join(lines[:line] + lines[line + 1 :])
        spoilt = replace(segments[number], body=body)
        return (*segments[:number], spoilt, *segments[number + 1 :])

    return spoil


def lines_swapped(segments: Segments) -> Segments:
    one, two = segments[2].body.splitlines(keepends=True)
    return (*segments[:2], replace(segments[2], body=two + one), segments[3])


def segments_swapped(segments: Segments) -> Segments:
    one, two = segments[2], segments[3]
    return (*segments[:2], replace(two, first=one.first), replace(one, first=two.first))


def notes_swapped(segments: Segments) -> Segments:
    one, two = segments[2], segments[3]
    return (*segments[:2], replace(one, note=two.note), replace(two, note=one.note))


@pytest.mark.parametrize(
    ("spoil", "placed"),
    [
        (without_a_line(0, 0), "outside: the segment that should begin with record 1"),
        (without_a_line(2, 1), "outside: the segment that should begin with record 4"),
        (without_a_line(3, 1), "outside: records 5 to 5 have the signature of other records"),
        (lambda s: (s[0], *s[2:]), "should begin with record 2 begins with 3"),
        (lambda s: s[1:], "should begin with record 0 begins with 2"),
        (lines_swapped, "outside:4: "),
        (segments_swapped, "outside:4: "),
        (notes_swapped, "records 3 to 4 have the signature of other records"),
        (lambda s: (*s[:3], replace(s[3], note="")), "records 5 to 6 are not signed, and bo@desk"),
        (
            lambda s: (replace(s[0], note="x"), *s[1:]),
            "records 0 to 1 have a signature that is none",
        ),
    ],
)
def test_what_is_missing_moved_or_unsigned_is_placed(
    sound: Segments, spoil: Spoil, placed: str
) -> None:
    with pytest.raises(JournalDamaged, match=placed):
        check(spoil(sound))


def test_a_segment_that_somebody_else_forged_and_signed_is_found(
    sound: Segments, ana: Owner, bo: Owner
) -> None:
    """Its chain is right: only the signature tells, or that there is none."""
    last = hash_of(sound[0].body.splitlines()[-1])
    lines, end = write_lines((Record(seq=2, at=AT, body=OVER),), last)
    forged = Segment(first=2, body=lines, note=signed(bo, RUN, 3, end))
    with pytest.raises(JournalDamaged, match=r"records 2 to 2 are signed by SHA256:.* ana@laptop"):
        check((sound[0], forged))
    with pytest.raises(JournalDamaged, match="not signed"):
        check((sound[0], replace(forged, note="")))
    check((sound[0], replace(forged, note=signed(ana, RUN, 3, end))))


def test_a_takeover_that_the_new_owners_key_did_not_sign_is_found(
    sound: Segments, ana: Owner, bo: Owner
) -> None:
    began = replace(BEGAN, key=ana.key)
    with pytest.raises(JournalDamaged, match="records 1 to 2 are signed by"):
        check(sealed((ana, (began,)), (ana, (took(bo), OVER))))
    check(sealed((ana, (began,)), (bo, (took(bo), OVER))))


def test_the_signature_of_another_run_is_none_of_this_one(ana: Owner) -> None:
    began = replace(BEGAN, key=ana.key)
    with pytest.raises(JournalDamaged, match="signature of other records"):
        check(sealed((ana, (began,)), run="20260101-000000-rebuild-eu-central-1"))


def test_a_tail_that_was_cut_off_whole_is_found_by_a_head_that_was_seen(
    sound: Segments, bo: Owner
) -> None:
    heads = {"the lease": head_of(sound, bo)}
    for left in (sound[:3], sound[:2], sound[:1], ()):
        copy = check(left)  # by itself such a journal is sound
        with pytest.raises(JournalDamaged, match=f"records {copy.records} to 6 are cut off") as cut:
            check_heads(copy, heads, whole=True)
        assert "the lease has the head" in str(cut.value)
        check_heads(copy, heads, whole=False)


def test_a_journal_that_was_written_anew_with_right_hashes_is_found_by_a_head(
    sound: Segments, ana: Owner, bo: Owner
) -> None:
    anew = sealed((None, (replace(BEGAN, operator="eve"), *[WAITS] * 6)))
    copy = check(anew)
    with pytest.raises(JournalDamaged, match="record 6, or one before it, is not the one"):
        check_heads(copy, {"this machine": head_of(sound, bo)}, whole=True)


def test_a_head_that_its_key_did_not_sign_is_said(sound: Segments, ana: Owner, bo: Owner) -> None:
    head = head_of(sound, bo)
    for forged in (
        replace(head, key=ana.key),
        replace(head, head=replace(head.head, records=99)),
        replace(head, key="ssh-ed25519 nonsense"),
        replace(head, signature="nonsense"),
    ):
        assert not forged.is_sound()
        with pytest.raises(JournalDamaged, match="the lease: this head"):
            check_heads(check(sound), {"the lease": forged}, whole=True)


def test_a_journal_of_a_drkit_that_did_not_sign_is_read_and_named_as_such(
    ana: Owner, bo: Owner
) -> None:
    copy = check(sealed((None, (BEGAN, WAITS)), (None, (WAITS,))))
    assert copy.unsigned == 3
    assert [hand.key for hand in copy.hands] == [""]
    went_on = RunResumed(operator="bo@desk", pid=1, key=bo.key)
    copy = check(sealed((None, (BEGAN, WAITS)), (bo, (went_on, OVER))))
    assert copy.unsigned == 2
    with pytest.raises(JournalDamaged, match="a drkit that does not sign had the run"):
        check(sealed((ana, (BEGAN, WAITS))))


def test_two_copies_that_contradict_each_other_are_placed(sound: Segments) -> None:
    data = b"".join(segment.body for segment in sound)
    file = check_file(data, "file")
    check_against(file, check(sound[:2]))
    other = sealed((None, (BEGAN, WAITS)))
    with pytest.raises(JournalDamaged, match=r"file and outside contradict .* from record 0"):
        check_against(file, check(other))
    assert file.hashes == parse_lines(data, "file").hashes


def test_what_a_dead_drkit_left_unsent_is_vouched_for_by_the_next_of_its_place(
    ana: Owner,
) -> None:
    began = replace(BEGAN, key=ana.key)
    again = RunResumed(operator="ana@laptop", pid=2, key=ana.key)
    assert check(sealed((ana, (began,)), (ana, (WAITS, again, OVER)))).records == 4


def test_it_may_be_sent_before_the_word_of_who_vouches_for_it(ana: Owner, bo: Owner) -> None:
    """One thread sends, another writes: which is first, nobody can say."""
    again = RunResumed(operator="bo@desk", pid=2, key=bo.key)
    assert check(sealed((bo, (BEGAN, WAITS)), (bo, (again, OVER)))).unsigned == 0
    with pytest.raises(JournalDamaged, match="records 0 to 1 are signed by"):
        check(sealed((ana, (BEGAN, WAITS)), (bo, (again, OVER))))


def test_an_owners_key_is_private_stays_the_same_and_is_one_machines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = Owner(tmp_path).key
    assert Owner(tmp_path).key == key
    [file] = (tmp_path / ".drkit").glob("owner.*.key")
    assert file.stat().st_mode & 0o777 == 0o600
    monkeypatch.setattr("socket.gethostname", lambda: "another")
    assert Owner(tmp_path).key != key, "a copied folder signs with a key of its own"


def test_a_key_that_is_none_is_said_with_the_way_back(tmp_path: Path) -> None:
    Owner(tmp_path).key  # noqa: B018 - it is made at first use
    [file] = (tmp_path / ".drkit").glob("owner.*.key")
    file.write_text("nonsense")
    with pytest.raises(ConfigurationError, match="is no ed25519 key") as refused:
        Owner(tmp_path).key  # noqa: B018
    assert "a new key is made" in refused.value.remedy


def test_a_place_keeps_the_longest_head_that_it_saw_and_none_that_is_not_signed(
    ana: Owner, bo: Owner
) -> None:
    def head(records: int) -> SignedHead:
        return bo.sign(Head(run=RUN, records=records, last="a" * 64))

    assert ana.remembered(RUN) is None
    for seen in (head(5), head(3), replace(head(9), key=ana.key)):
        ana.remember(seen)
    assert ana.remembered(RUN) == head(5)
    ana.remember(head(6))
    assert ana.remembered(RUN) == head(6)
    assert ana.remembered("another") is None
