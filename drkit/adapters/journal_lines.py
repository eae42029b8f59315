"""The lines of a journal: records ↔ JSON Lines, hash-chained. Reads and writes nothing itself.

A line: ``{"v":1, "seq", "at", "kind", "body", "prev", "hash"}``. ``hash`` is the sha256 of ``prev``
and the canonical JSON of the rest, so that a changed, missing or moved line breaks the chain at
its place; a line that is written in any other way (one space more) is no record either.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

import cattrs

from drkit.adapters.codec import canonical, format_time, from_json, parse_time, to_json
from drkit.errors import JournalDamaged
from drkit.model.record import KINDS, Body, Record

VERSION = 1
GENESIS = "0" * 64
_KIND_OF = {cls: kind for kind, cls in KINDS.items()}


class JournalNewer(JournalDamaged):
    """It may well hold together; this drkit cannot tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    records: tuple[Record, ...]
    hashes: tuple[str, ...]
    """Of each of them."""
    whole: int
    """How many bytes are whole lines; what follows is torn."""

    @property
    def last(self) -> str:
        """Hash of the last of them."""
        return self.hashes[-1] if self.hashes else GENESIS


def write_lines(records: tuple[Record, ...], last: str) -> tuple[bytes, str]:
    """The lines of ``records``, which follow the line with hash ``last``, and the new last hash."""
    lines = []
    for record in records:
        line, last = _line(record, last)
        lines.append(line)
    return b"".join(lines), last


def parse_lines(data: bytes, place: str) -> Parsed:
    """Every whole line of ``data``. Raises JournalDamaged that names the line of ``place``;
    JournalNewer where a newer drkit wrote it."""
    whole = data.rfind(b"\n") + 1
    records: list[Record] = []
    hashes: list[str] = []
    for number, line in enumerate(data[:whole].split(b"\n")[:-1], start=1):
        last = hashes[-1] if hashes else GENESIS
        record, claimed = _parse_line(line, last, f"{place}:{number}")
        if record.seq != number - 1:
            raise JournalDamaged(f"{place}:{number}: record {record.seq} stands out of order")
        records.append(record)
        hashes.append(claimed)
    return Parsed(records=tuple(records), hashes=tuple(hashes), whole=whole)


def hash_of(line: bytes) -> str:
    """The hash that a line of :func:`write_lines` holds; nothing is checked."""
    return str(json.loads(line)["hash"])


def _line(record: Record, prev: str) -> tuple[bytes, str]:
    entry = {
        "v": VERSION,
        "seq": record.seq,
        "at": format_time(record.at),
        "kind": _KIND_OF[type(record.body)],
        "body": to_json(record.body),
        "prev": prev,
    }
    digest = _digest(entry)
    return _written(entry, digest) + b"\n", digest


def _written(entry: dict[str, object], digest: str) -> bytes:
    return json.dumps({**entry, "hash": digest}, ensure_ascii=False).encode()


def _digest(entry: dict[str, object]) -> str:
    return hashlib.sha256(canonical(entry).encode()).hexdigest()


def _parse_line(line: bytes, prev: str, place: str) -> tuple[Record, str]:
    try:
        entry = json.loads(line)
        version, claimed = entry["v"], entry.pop("hash")
        if version > VERSION:
            raise JournalNewer(
                f"{place}: written by a newer drkit (journal version {version}, this one reads"
                f" {VERSION})",
                remedy="use the drkit that wrote it",
            )
        as_written = line == _written(entry, claimed)
        if entry["prev"] != prev or claimed != _digest(entry) or not as_written:
            raise JournalDamaged(f"{place}: this record, or the one before it, was changed")
        body: Body = from_json(entry["body"], KINDS[entry["kind"]])
        return Record(seq=entry["seq"], at=parse_time(entry["at"]), body=body), claimed
    except (ValueError, KeyError, TypeError, AttributeError, cattrs.BaseValidationError) as error:
        raise JournalDamaged(f"{place}: this is no record of a journal ({error!r})") from error
