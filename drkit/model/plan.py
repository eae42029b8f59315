"""The recovery plan as a value: what ``drkit.yaml`` says, typed, and nothing else.

Built only by :mod:`drkit.adapters.plan_yaml`; checked only by :mod:`drkit.planning.problems`.
Paths are relative to the plan's folder (``Plan.root``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from drkit.model.places import Places
from drkit.model.quantities import Impact


class Cloud(StrEnum):
    SANDBOX = "sandbox"
    AWS = "aws"


class RestoreTool(StrEnum):
    PGBACKREST = "pgbackrest"
    RESTIC = "restic"
    REBUILD = "rebuild"
    """The store holds nothing worth keeping (sessions, caches): it is made anew."""


class Tier(StrEnum):
    """What stands in a site that does not serve."""

    COLD = "cold"
    """Nothing: it is built when it is needed."""
    WARM = "warm"
    """What needs no data, brought up beforehand; a rebuild goes on from there."""


class DnsMethod(StrEnum):
    """What a cutover changes so that the public name leads to the new site."""

    RECORD = "record"
    """The record itself, which takes Route 53's control plane."""
    FAILOVER = "failover"
    """An object outside, which a health check of a failover record looks at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """The third location: in no site's region."""

    region: str
    state: str
    """Name of the bucket for Pulumi's state and the epoch (``s3://`` taken off)."""
    backups: str
    """Name of the bucket for the backups."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    vault: Path
    password_command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dns:
    name: str
    ttl: timedelta
    method: DnsMethod = DnsMethod.RECORD
    switch: str | None = None
    """Name of the bucket that holds the object of ``failover`` (``s3://`` taken off)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    name: str
    roles: tuple[str, ...]
    key: str | None = None
    """Their public ssh key (ed25519), by which they sign answers from elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    region: str
    cloud: Cloud
    account: str
    jump: str
    """Host group that ssh goes through."""
    images: Mapping[str, str]
    tier: Tier = Tier.COLD


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A third party with a ledger of its own: outside truth about what was promised."""

    name: str
    endpoint: str
    ledger: Path | None = None
    drill: Path | None = None
    """The program that answers in its stead in a drill."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A business process of the impact analysis."""

    name: str
    rto: timedelta
    rpo: timedelta
    impact: Impact
    needs: tuple[str, ...]
    proof: Path
    ledger: str | None = None
    probe: str | None = None
    """Path on the public name that answers 200 while the process works."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    name: str
    needs: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()
    instances: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    name: str
    restore: RestoreTool
    playbook: str
    hosts: str
    needs: tuple[str, ...]
    stanza: str | None = None
    skip_numbers: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    name: str
    playbook: str
    hosts: str
    needs: tuple[str, ...]
    checks: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StepEntry:
    """One entry of ``steps``: an act of its own (exactly one of ``gate``, ``cutover``,
    ``playbook``, ``checks``), or, with none of them, settings of a step that exists already.
    """

    name: str
    gate: str | None = None
    """The role that must consent."""
    people: int | None = None
    """How many different people of that role must say yes; None: two before a cutover where two
    have it, else one."""
    signed: bool = False
    """Whether only signed answers count (``drkit approve``)."""
    escalate: str | None = None
    """The role that may answer a gate as well once its ``limit`` is over."""
    cutover: str | None = None
    """The method: ``dns``."""
    playbook: str | None = None
    hosts: str | None = None
    checks: tuple[Path, ...] = ()
    after: tuple[str, ...] = ()
    owner: str | None = None
    budget: timedelta | None = None
    limit: timedelta | None = None
    stalled: timedelta | None = None
    tries: int | None = None

    @property
    def acts(self) -> bool:
        """Whether this entry is a step of its own."""
        return bool(self.gate or self.cutover or self.playbook or self.checks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    owner: str = "sre"
    limit: timedelta = timedelta(minutes=30)
    stalled: timedelta | None = None
    """How long a try may say nothing new; None: as long as its limit."""
    tries: int = 1
    """How many tries a step has within one command, where its failure is worth another."""
    strategy: str = "linear"
    """Ansible's; ``mitogen_linear`` needs the extra ``drkit[mitogen]``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    root: Path
    shop: str
    currency: str
    outside: Outside
    secrets: Secrets
    dns: Dns
    people: Mapping[str, Person]
    sites: Mapping[str, Site]
    providers: Mapping[str, Provider]
    processes: Mapping[str, Process]
    stacks: Mapping[str, Stack]
    stores: Mapping[str, Store]
    services: Mapping[str, Service]
    break_glass: tuple[str, ...] = ()
    """Seals of the codes that may stand in for a missing second person, one for each code."""
    steps: Mapping[str, StepEntry] = field(default_factory=dict)
    defaults: Defaults = field(default_factory=Defaults)
    source: Mapping[str, object] = field(default_factory=dict)
    """The file as parsed: what "same plan" compares and what the journal keeps."""
    places: Places = field(default_factory=Places, compare=False)
