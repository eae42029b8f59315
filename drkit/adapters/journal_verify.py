"""Whether a journal is what its owners wrote: its chain, who signed each part, and its end.

Three things are held against each other: the lines, whose hashes are chained; the key that each
owner named in the journal when it began, with which its segments must be signed; and heads that
were seen elsewhere (in the lease, on this machine), which a journal that was cut off, or written
anew with right hashes, does not reach. Records are named by their ``seq``. Repairs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from drkit.adapters.heads import Head, SignedHead, fingerprint, read
from drkit.adapters.journal_copies import Segment
from drkit.adapters.journal_lines import parse_lines
from drkit.errors import JournalDamaged
from drkit.model.place_record import SiteReopened, SiteServed
from drkit.model.record import GenerationLeft, Record, RunBegan, RunResumed, RunTakenOver


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """Who wrote a journal from some record on."""

    first: int
    operator: str
    key: str
    """Public; empty: written by a drkit that did not sign."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A journal in one place, whose chain holds."""

    place: str
    hashes: tuple[str, ...]
    """Of its records."""
    hands: tuple[Hand, ...]
    unsigned: int = 0
    """How many records at its beginning are in segments that were not signed when written. They are
    vouched for by any later head."""

    @property
    def records(self) -> int:
        return len(self.hashes)


def check_file(data: bytes, place: str) -> Copy:
    """A copy on this machine: its lines alone. Raises JournalDamaged that names the line."""
    parsed = parse_lines(data, place)
    return Copy(place=place, hashes=parsed.hashes, hands=tuple(_hands(parsed.records)))


def check_segments(segments: tuple[Segment, ...], run: str, place: str) -> Copy:
    """The copy outside. Raises JournalDamaged that names the line, or the records, and what is
    wrong with them.
    """
    ends = _ends(segments, place)
    parsed = parse_lines(b"".join(segment.body for segment in segments), place)
    hands, unsigned = tuple(_hands(parsed.records)), 0
    for segment, end in zip(segments, ends, strict=True):
        head = Head(run=run, records=end, last=parsed.hashes[end - 1])
        hand = next((hand for hand in reversed(hands) if hand.first < end), None)
        later = next((hand for hand in hands if hand.first >= end), None)
        if wrong := _wrong_signature(segment.note, head, hand, later):
            raise JournalDamaged(f"{place}: records {segment.first} to {end - 1} {wrong}")
        unsigned = unsigned if segment.note else end
    return Copy(place=place, hashes=parsed.hashes, hands=hands, unsigned=unsigned)


def _ends(segments: tuple[Segment, ...], place: str) -> tuple[int, ...]:
    """How many records there are with each segment. Raises JournalDamaged for a gap."""
    ends: list[int] = []
    for segment in segments:
        before = ends[-1] if ends else 0
        if segment.first != before:
            raise JournalDamaged(
                f"{place}: the segment that should begin with record {before} begins with"
                f" {segment.first}: what lies between was taken out, or moved"
            )
        if not segment.body.endswith(b"\n"):
            raise JournalDamaged(f"{place}: the segment {segment.first} does not end with a record")
        ends.append(before + segment.body.count(b"\n"))
    return tuple(ends)


def check_heads(copy: Copy, heads: Mapping[str, SignedHead], *, whole: bool) -> None:
    """Hold ``copy`` against heads of its run (where each was seen → head). ``whole``: it must reach
    them all. Raises JournalDamaged.
    """
    for seen, signed in heads.items():
        head, who = signed.head, fingerprint(signed.key)
        if not signed.is_sound():
            raise JournalDamaged(
                f"{seen}: this head of {head.records} records is not signed by {who}, which it"
                " names",
            )
        if head.records > copy.records and whole:
            last = head.records - 1
            raise JournalDamaged(
                f"{copy.place}: records {copy.records} to {last} are cut off: {seen} has the head"
                f" that {who} signed, of {head.records} records",
                remedy="the bucket keeps older versions; a copy elsewhere may reach further",
            )
        if 0 < head.records <= copy.records and copy.hashes[head.records - 1] != head.last:
            raise JournalDamaged(
                f"{copy.place}: record {head.records - 1}, or one before it, is not the one that"
                f" {who} signed: {seen} has its head. The journal was written anew"
            )


def check_against(one: Copy, other: Copy) -> None:
    """Raises JournalDamaged where two copies contradict each other."""
    for number, (here, there) in enumerate(zip(one.hashes, other.hashes, strict=False)):
        if here != there:
            raise JournalDamaged(
                f"{one.place} and {other.place} contradict each other from record {number} on",
                remedy="the one outside is the lease owner's; the same command brings it here",
            )


def _hands(records: Iterable[Record]) -> Iterable[Hand]:
    last: Hand | None = None
    for record in records:
        match record.body:
            case (
                RunBegan(operator=operator, key=key)
                | RunResumed(operator=operator, key=key)
                | RunTakenOver(operator=operator, key=key)
                | SiteReopened(operator=operator, key=key)
                | SiteServed(operator=operator, key=key)
                | GenerationLeft(operator=operator, key=key)
            ):
                hand = Hand(first=record.seq, operator=operator, key=key)
                if last is None or (hand.operator, hand.key) != (last.operator, last.key):
                    last = hand
                    yield hand
            case _:
                pass


def _wrong_signature(note: str, head: Head, hand: Hand | None, later: Hand | None) -> str:
    """What is wrong with the signature of a segment that ends in ``head``; empty: nothing.

    It must be that of the owner at its end, ``hand``, or of the next one: who catches up after
    another drkit of its place vouches for what that one left unsent, at times before its own word.
    """
    who = f"{hand.operator} ({fingerprint(hand.key)})" if hand and hand.key else ""
    if not note:
        return f"are not signed, and {who}, who had the run, signs" if who else ""
    signed = read(note)
    if signed is None or not signed.is_sound():
        return "have a signature that is none"
    if hand is None or signed.key not in {one.key for one in (hand, later) if one}:
        owner = who or "a drkit that does not sign"
        return f"are signed by {fingerprint(signed.key)}, and {owner} had the run"
    return "" if signed.head == head else "have the signature of other records"
