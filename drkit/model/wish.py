"""What a caller asks for: a kind of run, in a region, and how.

It refuses what no world could make right: a moment without a zone, or one that has not come yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from drkit.errors import UsageError
from drkit.model.plan import Plan, Tier
from drkit.model.step import RunKind, RunMode


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    plan: Plan
    kind: RunKind
    region: str
    recover_to: datetime | None = None
    """Restore to this moment; None: to the last archived transaction."""
    since: datetime | None = None
    """When customers lost the shop; None: what the probe saw."""
    consent: Mapping[str, str] = field(default_factory=dict)
    """Gate → person who consents."""
    accept: Mapping[str, str] = field(default_factory=dict)
    """Name of a problem → reason."""
    skip: Mapping[str, str] = field(default_factory=dict)
    """Step → reason why it is taken as done."""
    again: tuple[str, ...] = ()
    """Steps that are done, or were skipped, and are to run again."""
    first: str | None = None
    """Begin with this step: what it needs, and is not done, is taken as done."""
    reason: str = ""
    """Why ``first``, ``accept_plan_change`` and ``new_generation``; recorded with each."""
    resumes: str = ""
    """Carry on with this run, and begin no other."""
    accept_plan_change: bool = False
    """Carry on with an unfinished run although the plan is not the one that it began with."""
    mode: RunMode | None = None
    """None: that of the run that is carried on with; a new one is unplanned."""
    new_generation: bool = False
    """Leave what was built and never opened behind, and build the next generation beside it."""
    keep: timedelta | None = None
    """Let what a validation has built stand for so long; None: it is taken away at its end."""
    max_parallel: int = 8

    @property
    def takes_away(self) -> bool:
        """Whether what it builds goes again at its end."""
        return self.kind is RunKind.VALIDATE and self.keep is None

    @property
    def compares(self) -> bool:
        """Whether it says what has drifted of the standby that is to stand in its site."""
        site = self.plan.sites.get(self.region)
        return self.kind is RunKind.VALIDATE and site is not None and site.tier is Tier.WARM

    def check(self, now: datetime) -> None:
        """Raises UsageError for what is wrong in any world."""
        if self.max_parallel < 1:
            raise UsageError(
                f"no step may run with max_parallel {self.max_parallel}", remedy="give 1 or more"
            )
        if self.accept_plan_change and not self.reason.strip():
            raise UsageError(
                "to accept a change of the plan needs a reason: it is recorded",
                remedy="add --reason WHY",
            )
        if self.mode is RunMode.PLANNED:
            self._check_planned()
        if self.new_generation:
            self._check_new_generation()
        if self.keep is not None:
            self._check_kept(self.keep)
        for word, moment in (("since", self.since), ("to", self.recover_to)):
            if moment is None:
                continue
            if moment.tzinfo is None:
                raise UsageError(
                    f"`{word}` {moment.isoformat()} names no zone", remedy="give it one: UTC"
                )
            if moment > now:
                raise UsageError(
                    f"`{word}` {moment.isoformat(timespec='seconds')} has not come yet:"
                    f" it is {now.isoformat(timespec='seconds')}",
                    remedy="times are in UTC where they end in Z: was it meant as local time?",
                )

    def _check_kept(self, keep: timedelta) -> None:
        if self.kind is not RunKind.VALIDATE:
            raise UsageError(
                f"what a {self.kind} builds is nothing to keep for a while: it stays",
                remedy="only a validation takes away what it has built",
            )
        if keep <= timedelta(0):
            raise UsageError("to keep a validation for no time is not to keep it", remedy="say 2h")

    def _check_new_generation(self) -> None:
        if self.kind is not RunKind.REBUILD:
            raise UsageError(
                f"a {self.kind} leaves no generation behind", remedy="only a rebuild does"
            )
        if not self.reason.strip():
            raise UsageError(
                "to leave a generation behind needs a reason: it is recorded",
                remedy="add --reason WHY",
            )

    def _check_planned(self) -> None:
        if self.kind is not RunKind.REBUILD:
            raise UsageError(f"a {self.kind} moves nobody", remedy="only a rebuild is planned")
        if self.recover_to is not None:
            raise UsageError(
                "a planned move restores to the last transaction of the old site, and to no `to`",
                remedy="leave one of the two out",
            )
        if self.since is not None:
            raise UsageError(
                "a planned move has no `since`: its clock starts when the old site is closed",
                remedy="leave one of the two out",
            )
