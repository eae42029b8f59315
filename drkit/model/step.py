"""A step: one node of the graph, of one kind, with an owner and a budget.

``Work`` is a union: each kind of step is a dataclass of its own and is taken apart by ``match``
in exactly one place, :mod:`drkit.compose`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum


class RunKind(StrEnum):
    DEPLOY = "deploy"
    REBUILD = "rebuild"
    VALIDATE = "validate"
    """A rebuild in isolation, which sends nobody over and is taken away again."""
    STANDBY = "standby"
    """The beginning of a rebuild, done before it is needed: what needs no data, no person and no
    customers. It proves nothing, and stays for the rebuild that goes on from it."""

    @property
    def recovers(self) -> bool:
        """Whether it is told how long processes were down, or would have been."""
        return self in {RunKind.REBUILD, RunKind.VALIDATE}

    @property
    def brings_back(self) -> bool:
        """Whether its end is that processes are back, or proven to come back."""
        return self is not RunKind.STANDBY

    @property
    def noun(self) -> str:
        """What such a run is called in a sentence; a drill is never called a rebuild."""
        nouns = {RunKind.DEPLOY: "deployment", RunKind.VALIDATE: "validation"}
        return nouns.get(self, self.value)


class RunMode(StrEnum):
    """Whether a rebuild may still ask something of the old site."""

    PLANNED = "planned"
    """It serves: it is closed and caught up first, so that nothing is lost."""
    UNPLANNED = "unplanned"
    """It is lost: what it has not given out is lost with it."""


class Mode(StrEnum):
    """What a store's playbook does with the store."""

    CREATE = "create"
    RESTORE = "restore"


class Route(StrEnum):
    """How a customer's journey finds the site."""

    OVERRIDE = "override"
    """Straight to the new site's edge, with the run's client certificate: before cutover."""
    DNS = "dns"
    """By the public name, as a customer does: after cutover."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StackWork:
    stack: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovalWork:
    """Take away what the run itself has made of a stack."""

    stack: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftWork:
    """Compare the standby that stands with what its stacks have made. It only looks."""

    generation: int | None
    """None: nothing stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreWork:
    store: str
    playbook: str
    hosts: str
    mode: Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybookWork:
    playbook: str
    hosts: str
    settings: Mapping[str, str] = field(default_factory=dict)
    """Variables for this playbook alone."""
    sends: tuple[str, ...] = ()
    """Files besides its roles' that it brings to the hosts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckWork:
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofWork:
    process: str
    path: str
    route: Route


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerWork:
    provider: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GateWork:
    role: str
    people: int = 1
    """How many different people must say yes; one no is enough."""
    signed: bool = False
    """Whether only signed answers count."""
    limit: timedelta | None = None
    """How long it waits for its answer; None: as long as it takes."""
    escalate: str | None = None
    """The role that may answer as well once the limit is over; None: by then silence is a no."""

    def is_over(self, waited: timedelta) -> bool:
        """Whether it has waited for as long as its limit."""
        return self.limit is not None and waited >= self.limit

    def asks(self, waited: timedelta) -> tuple[str, ...]:
        """The roles that may answer when it has waited so long; none: it is too late."""
        if not self.is_over(waited):
            return (self.role,)
        return (self.role, self.escalate) if self.escalate else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochWork:
    """Raise the epoch: from here on the old site closes itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeWork:
    """Take the right to write backups from every other site's identity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuiesceWork:
    """Close the site that serves, and have everything that it holds outside."""

    playbook: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitWork:
    duration: timedelta
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsWork:
    """Point the public name to the new site's edge, and see it answered."""


Work = (
    StackWork
    | RemovalWork
    | DriftWork
    | StoreWork
    | PlaybookWork
    | CheckWork
    | ProofWork
    | LedgerWork
    | GateWork
    | EpochWork
    | RevokeWork
    | QuiesceWork
    | WaitWork
    | DnsWork
)

KINDS: Mapping[type, str] = {
    StackWork: "stack",
    RemovalWork: "removal",
    DriftWork: "drift",
    StoreWork: "store",
    PlaybookWork: "playbook",
    CheckWork: "check",
    ProofWork: "proof",
    LedgerWork: "ledger",
    GateWork: "gate",
    EpochWork: "epoch",
    RevokeWork: "revoke",
    QuiesceWork: "quiesce",
    WaitWork: "wait",
    DnsWork: "dns",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    id: str
    work: Work
    needs: tuple[str, ...]
    owner: str
    budget: timedelta | None
    limit: timedelta
    stalled: timedelta | None = None
    """How long a try may say nothing new; None: as long as its limit."""
    tries: int = 1
    """How many tries one command gives it, where a further one is worth it."""

    @property
    def kind(self) -> str:
        """The word for this kind of step: ``stack``, ``store``, …, ``dns``."""
        return KINDS[type(self.work)]


def last_proof(process: str, steps: Collection[str]) -> str:
    """Which of ``steps`` (ids) says by its end that ``process`` is back: its live proof; in a
    drill, which sends nobody over, the proof before that.
    """
    live = f"live.{process}"
    return live if live in steps else f"proof.{process}"


def last_proofs(steps: Iterable[str]) -> frozenset[str]:
    """Of ``steps`` (ids) those of :func:`last_proof`, of all processes."""
    found = frozenset(steps)
    live = {step for step in found if step.startswith("live.")}
    return frozenset(live or {step for step in found if step.startswith("proof.")})
