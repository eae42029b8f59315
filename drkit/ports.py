"""What drkit needs of the world, as Protocols. Adapters implement them; fakes in tests do too."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from drkit.model.outcome import Outcome
from drkit.model.plan import Plan
from drkit.model.record import Body, GateAnswered, GateOverdue, Record, Target
from drkit.model.step import RunKind, Step

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that no output may hold. Only ``reveal()`` gives it."""

    _value: str

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "[secret]"

    __str__ = __repr__


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One cloud API: its ``url`` from here (None: AWS), its ``name`` for the shop's hosts."""

    region: str
    url: str | None
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The cloud that a run works in: where its APIs are, and with which credentials."""

    account: str
    endpoints: Mapping[str, Endpoint]
    """Region (and ``global``) → endpoint."""
    key: Secret
    secret: Secret
    token: Secret | None = None
    """Of temporary credentials (SSO, an assumed role)."""
    ca: Path | None
    """CA bundle for the endpoints and the shop's edge; None: the system's."""
    resolver: str | None
    """Address of the DNS server that customers use; None: the system's."""
    pulumi_home: Path | None

    @property
    def stands_apart(self) -> bool:
        """Whether it is a sandbox: endpoints of its own, and nothing to be asked of AWS."""
        return any(endpoint.url for endpoint in self.endpoints.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservedAddress:
    """A public address that a site's entrance gets, known before the site is built."""

    id: str
    """By which a stack puts it onto a host."""
    ip: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Everything a try of a step may know. Values only; secrets are :class:`Secret`."""

    run: str
    kind: RunKind
    plan: Plan
    target: Target
    world: World
    folder: Path
    """The run's folder: ssh configuration, logs, certificates. Private (0700)."""
    log: Path
    """The log of this try: a tool's own words go here and nowhere else."""
    facts: Mapping[str, Mapping[str, object]]
    """Step id → facts of its outcome, for every step that is done."""
    vault: Mapping[str, Secret] = field(default_factory=dict)
    identities: Mapping[str, Mapping[str, Mapping[str, Secret]]] = field(default_factory=dict)
    """Site → purpose (``backup``, ``files``, ``restore``, ``epoch``, ``numbers``, ``own``)
    → ``key``, ``secret``, ``user``."""
    addresses: Mapping[str, ReservedAddress] = field(default_factory=dict)
    """Site → its address; none where the public name is no failover record."""
    fence: tuple[Mapping[str, object], ...] = ()
    """What a cutover added to the policy of the backups: ``drkit prepare`` lets it stand."""
    recover_to: datetime | None = None
    epoch: int = 0
    """The number this run opens with."""
    serving: Target | None = None
    expires: datetime | None = None
    """When what is built may be taken away by anybody; None: it is there to stay."""
    lost: tuple[str, ...] = ()
    """Names of the machines that worked on the target and do no more: a person took the run over
    from them, or they were cut off and the site is this place's."""


Progress = Callable[[str], None]
"""Called with one line a person would want to see while a step works."""


class Tool(Protocol):
    """One kind of work. Built per try, in a process of its own; safe to repeat."""

    def look(self, context: Context) -> Outcome | None:
        """After an unknown try: is the work done already? None means "do it"."""

    def do(self, context: Context, progress: Progress) -> Outcome:
        """Do the work. Returns DONE or FAILED; raises StepError, EffectUnknown."""


class Journal(Protocol):
    """Append-only. ``append`` returns after the record is durable."""

    def append(self, *bodies: Body) -> tuple[Record, ...]: ...

    def records(self, *, since: int = 0) -> tuple[Record, ...]:
        """All, or those from number ``since`` on."""


class Clock(Protocol):
    def now(self) -> datetime:
        """Wall clock, aware UTC: for records."""

    def steady(self) -> timedelta:
        """Since some moment: never set, and goes on while the machine sleeps. For how long
        something takes within one command."""


class Consent(Protocol):
    """Where a gate's answer comes from. Asked again and again while the gate is open."""

    def answer(self, step: Step, waited: timedelta) -> GateAnswered | GateOverdue | None:
        """What was said to a gate that has waited so long; that nobody said it within its limit,
        known only when all that was said in time has been seen; None: not yet."""


class Observer(Protocol):
    """Told of everything as it happens; may not fail the run and may not change it."""

    def recorded(self, record: Record) -> None: ...

    def progressed(self, step: str, line: str) -> None: ...

    def ticked(self, now: datetime) -> None: ...


class Observers:
    """Several observers as one. One that fails is told nothing more: it may not fail the run."""

    def __init__(self, observers: Iterable[Observer]) -> None:
        self._observers = list(observers)

    def recorded(self, record: Record) -> None:
        self._tell(lambda observer: observer.recorded(record))

    def progressed(self, step: str, line: str) -> None:
        self._tell(lambda observer: observer.progressed(step, line))

    def ticked(self, now: datetime) -> None:
        self._tell(lambda observer: observer.ticked(now))

    def _tell(self, tell: Callable[[Observer], None]) -> None:
        for observer in tuple(self._observers):
            try:
                tell(observer)
            except Exception:  # noqa: BLE001 - a lost terminal, a defect: the run goes on
                self._observers.remove(observer)
                _LOG.exception("%s failed and is told nothing more", type(observer).__name__)
