"""A site held outside while a command works on it: signs of life, and the copy of its journal.

One thread does both, so that a slow store holds up no step. Invariants: a line is sent once and in
order; the name of a segment is the number of its first record, so two owners can never both write
the same one. Once :attr:`Held.taken_by` says somebody, nothing is sent any more.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from drkit.adapters.heads import Head, SignedHead, written
from drkit.adapters.journal_lines import hash_of
from drkit.adapters.lease import EVERY, Holder, Lease, read_lease
from drkit.adapters.outside_store import OutsideStore
from drkit.adapters.owner import Owner

_GATHER = timedelta(milliseconds=200)
"""How long lines that nobody waits for stay, for more to come: the end of a step is mostly followed
at once by the start of the next, and each segment costs a call of its own."""
_AGAIN = timedelta(seconds=2)
"""Between two tries while the store does not answer."""
_LAST_WORD = timedelta(seconds=15)
"""How long the end of a command waits for what is not sent yet."""
ABORT = "abort"
HEAD = "drkit-head"
"""Name of the note with each segment: the signed head of the journal as it ends there."""


def journal_place(region: str, run: str) -> str:
    """Where the segments of a run's journal are in the bucket."""
    return f"journals/{region}/{run}"


def segment(place: str, first: int) -> str:
    """The key of the segment at ``place`` that begins with record ``first``."""
    return f"{place}/{first:08d}.jsonl"


@dataclass(slots=True)
class _Pending:
    first: int
    """Number of the first record that is not sent."""
    lines: list[bytes] = field(default_factory=list)


class Held:
    """Use as a context manager: leaving it sends the rest and gives the lease back."""

    def __init__(self, store: OutsideStore, lease: Lease, owner: Owner) -> None:
        self.store = store
        self.owner = owner
        self._lease = lease
        self._run = lease.holder.run
        self._pending = _Pending(first=0)
        self._head = lease.holder.head
        self._news = threading.Condition()
        self._over = False
        self._awaited = 0
        """How many wait for what is not sent."""
        self._trouble = ""
        self._taken_by: Holder | None = None
        self._thread = threading.Thread(target=self._keep, name="drkit-outside", daemon=True)

    def __enter__(self) -> Held:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.wait_sent(_LAST_WORD)
        with self._news:
            self._over = True
            self._news.notify_all()
        self._thread.join(_LAST_WORD.total_seconds())

    @property
    def region(self) -> str:
        return self._lease.holder.region

    @property
    def trouble(self) -> str:
        """Why the store did not take the last thing; empty while it does."""
        return self._trouble

    @property
    def taken_by(self) -> Holder | None:
        """Who has the lease, if it is not this process any more."""
        return self._taken_by

    @property
    def abort_asked(self) -> bool:
        """Whether somebody elsewhere asked for an end (``drkit abort``), or took the run over."""
        return self._taken_by is not None or self._lease.holder.asked == ABORT

    def name_run(self, run: str, *, first: int) -> None:
        """From now on records of ``run`` are sent; the store has those before ``first``."""
        with self._news:
            self._run, self._pending = run, _Pending(first=first)
            self._news.notify_all()

    def send(self, lines: bytes) -> None:
        """Have whole lines of the journal sent, after those before them."""
        with self._news:
            self._pending.lines += lines.splitlines(keepends=True)
            self._news.notify_all()

    def wait_sent(self, limit: timedelta) -> bool:
        """Wait until everything is in the store, or it is known that it will not be for now; says
        whether it is.
        """
        with self._news:
            self._awaited += 1
            self._news.notify_all()
            self._news.wait_for(
                lambda: not self._pending.lines or self._trouble or self._taken_by,
                timeout=limit.total_seconds(),
            )
            self._awaited -= 1
            return not self._pending.lines and self._taken_by is None

    def _keep(self) -> None:
        due = 0.0
        while self._taken_by is None:
            over = self._over  # of this round: what is set in its middle is for the next one
            try:
                if over or self._run != self._lease.holder.run or time.monotonic() >= due:
                    due = time.monotonic() + EVERY.total_seconds()
                    self._give_sign(released=over)
                self._send_pending()
                self._set_trouble("")
            except Exception as error:  # noqa: BLE001 - a thread that ends would be missed by nobody
                self._set_trouble(str(error))
            if over:
                return
            with self._news:
                if self._trouble:
                    self._news.wait_for(lambda: self._over, timeout=_AGAIN.total_seconds())
                else:
                    self._news.wait_for(self._has_work, timeout=max(0, due - time.monotonic()))
                    self._news.wait_for(self._is_urgent, timeout=_GATHER.total_seconds())

    def _has_work(self) -> bool:
        named = self._run != self._lease.holder.run
        return bool(self._over or self._pending.lines or named)

    def _is_urgent(self) -> bool:
        return not self._pending.lines or self._over or self._awaited > 0

    def _give_sign(self, *, released: bool) -> None:
        # never ahead of the segments: whoever reads the lease first finds all that it speaks of
        if not self._lease.renew(run=self._run, released=released, head=self._head):
            self._give_up(self._lease.holder)
        elif self._head is not None:
            # also one that the lease had before: once the next run has recorded something, the
            # lease speaks of that. A full disk must not keep segments from being sent
            with contextlib.suppress(OSError):
                self.owner.remember(self._head)

    def _send_pending(self) -> None:
        while self._pending.lines and not self._taken_by:
            self._send_segment()

    def _send_segment(self) -> None:
        """Send what is not sent yet, as one segment; or find that its beginning was."""
        with self._news:
            run, first, lines = self._run, self._pending.first, tuple(self._pending.lines)
        key, body = segment(journal_place(self.region, run), first), b"".join(lines)
        sent, head = len(lines), self._signed(run, first, lines)
        if self.store.put(key, body, notes={HEAD: written(head)}) is None:
            sent = self._ours(key, body)
        if not sent:
            found = read_lease(self.store, self.region)
            self._give_up(found.holder if found else self._lease.holder)
            return
        self._head = head if sent == len(lines) else self._signed(run, first, lines[:sent])
        with self._news:
            self._pending.first += sent
            del self._pending.lines[:sent]
            self._news.notify_all()

    def _signed(self, run: str, first: int, lines: Sequence[bytes]) -> SignedHead:
        """The head of the journal with ``lines`` from record ``first`` on."""
        records = first + len(lines)
        return self.owner.sign(Head(run=run, records=records, last=hash_of(lines[-1])))

    def _ours(self, key: str, body: bytes) -> int:
        """How many of these lines the segment that is there already holds: a put whose answer was
        lost is repeated, with what was written since, and meets its own object. 0: another's.
        """
        stored = self.store.read(key)
        return stored.body.count(b"\n") if stored and body.startswith(stored.body) else 0

    def _give_up(self, holder: Holder) -> None:
        with self._news:
            self._taken_by = holder
            self._news.notify_all()

    def _set_trouble(self, words: str) -> None:
        with self._news:
            self._trouble = words
            self._news.notify_all()
