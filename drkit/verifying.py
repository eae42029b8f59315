"""A journal held to what its owners signed: every copy that there is, and every head of it.

The lease is read before the copies: an owner at work sends first and signs the head after, so that
all that a head speaks of is there when the copies are read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drkit.afar import Afar
from drkit.errors import JournalDamaged, UsageError
from drkit.model.plan import Plan

if TYPE_CHECKING:
    from drkit.adapters.heads import SignedHead
    from drkit.adapters.journal_verify import Copy, Hand
    from drkit.adapters.owner import Owner
    from drkit.adapters.vouching import Vouched


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What was found of the journal of one run."""

    run: str
    copies: tuple[Copy, ...]
    """Those whose chain holds; this machine's first."""
    heads: Mapping[str, SignedHead]
    """Where a head was seen → the head."""
    own_key: str
    vouched: Vouched
    """Owner's key → who vouches for it with a key of the plan."""
    damage: tuple[JournalDamaged, ...]

    @property
    def hands(self) -> tuple[Hand, ...]:
        """Who wrote it, by the copy that reaches furthest."""
        longest = max(self.copies, key=lambda copy: copy.records, default=None)
        return longest.hands if longest else ()


class _Findings:
    """What holds, and what does not, of a journal and its heads."""

    def __init__(self, heads: Mapping[str, SignedHead]) -> None:
        self._heads = heads
        self.copies: list[Copy] = []
        self.damage: list[JournalDamaged] = []

    def take(self, check: Callable[[], Copy], *, whole: bool) -> None:
        """``whole``: the copy must reach every head."""
        from drkit.adapters.journal_verify import check_against, check_heads

        try:
            copy = check()
            check_heads(copy, self._heads, whole=whole)
            for other in self.copies:
                check_against(other, copy)
        except JournalDamaged as error:
            self.damage.append(error)
        else:
            self.copies.append(copy)


def verify(plan: Plan, run: str | None) -> Verified:
    """Verify the journal of ``run``, else of the newest. Raises UsageError where there is none."""
    from drkit.adapters.answers import answers_of_run
    from drkit.adapters.held import journal_place
    from drkit.adapters.journal_copies import segments_outside
    from drkit.adapters.journal_verify import check_file, check_segments
    from drkit.adapters.owner import Owner
    from drkit.adapters.runs_folder import RunsFolder
    from drkit.adapters.vouching import strangers, vouched

    afar, owner = Afar(plan), Owner(plan.root)
    run = afar.named(run)
    region, path = afar.region_of(run), RunsFolder(plan.root).journal(run)
    heads = _heads(afar, owner, run)
    findings = _Findings(heads)
    if path.exists():
        findings.take(lambda: check_file(path.read_bytes(), str(path)), whole=False)
    outside = f"outside, {journal_place(region, run)}"
    findings.take(
        lambda: check_segments(segments_outside(afar.store, region, run), run, outside), whole=True
    )
    if not findings.damage and not any(copy.records for copy in findings.copies):
        raise UsageError(f"there is no run {run}", remedy="`drkit runs` lists those that there are")
    people = vouched(answers_of_run(afar.store, region, run), plan.people)
    if owners := {hand.key for copy in findings.copies for hand in copy.hands}:
        findings.damage += strangers(people, owners, outside)
    if not findings.damage:
        for head in heads.values():
            owner.remember(head)
    return Verified(
        run=run,
        copies=tuple(findings.copies),
        heads=heads,
        own_key=owner.key,
        vouched=people,
        damage=tuple(findings.damage),
    )


def _heads(afar: Afar, owner: Owner, run: str) -> dict[str, SignedHead]:
    from drkit.adapters.lease import read_lease

    found = read_lease(afar.store, afar.region_of(run))
    heads = {
        "the lease": found.holder.head if found else None,
        "this machine": owner.remembered(run),
    }
    return {seen: head for seen, head in heads.items() if head and head.head.run == run}
