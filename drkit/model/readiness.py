"""Whether the shop could be recovered into a site now: typed findings, and what they come to.

Decides what counts most: what blocks before what threatens, that before what is not known. What is
not known is never taken for good.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from drkit.errors import Exit


class Severity(StrEnum):
    """What a finding means for a rebuild that were begun now; the worst first."""

    BLOCKS = "blocks"
    """It would be refused, or would leave these processes down."""
    THREATENS = "threatens"
    """It would begin; whether it ends well, in time and with enough data is in doubt."""
    UNKNOWN = "not known"
    """It could not be looked at."""
    NOTE = "note"
    """Worth knowing, and against nothing."""


class Readiness(StrEnum):
    """Of a process, or of a site with all of them."""

    NOT_READY = "not ready"
    AT_RISK = "at risk"
    UNKNOWN = "not known"
    READY = "ready"


class About(StrEnum):
    """What was looked at, in this order."""

    SERVING = "who serves"
    PLAN = "plan"
    OUTSIDE = "outside"
    POINTS = "recovery points"
    PROOF = "proof"
    STANDBY = "standby"
    TIME = "recovery time"
    QUOTAS = "quotas"
    PERMISSIONS = "permissions"
    STACKS = "stacks"
    DRIFT = "drift"
    HOSTS = "hosts"
    VERSIONS = "versions"
    PEOPLE = "people"
    SECRETS = "secrets"
    PROVIDERS = "third parties"
    TOOLS = "tools"


_COMES_TO: Mapping[Severity, Readiness] = {
    Severity.BLOCKS: Readiness.NOT_READY,
    Severity.THREATENS: Readiness.AT_RISK,
    Severity.UNKNOWN: Readiness.UNKNOWN,
    Severity.NOTE: Readiness.READY,
}
_ENDS_WITH: Mapping[Readiness, Exit] = {
    Readiness.NOT_READY: Exit.CONFIGURATION,
    Readiness.AT_RISK: Exit.OBJECTIVE_MISSED,
    Readiness.UNKNOWN: Exit.UNKNOWN,
    Readiness.READY: Exit.OK,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    severity: Severity
    about: About
    place: str
    """Where: in the plan, a file, or a thing of the world."""
    message: str
    processes: tuple[str, ...]
    """Those that it would break, or whose objectives it puts at risk."""
    remedy: str = ""
    """The command or act that mends it."""
    details: tuple[str, ...] = ()
    """All of what the message has only the first few of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What one look came to: what is wrong, and in a few words what was found good."""

    findings: tuple[Finding, ...] = ()
    good: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Back:
    """How long a process would be down, from the command to its proof by the public name."""

    p50: timedelta | None
    """None: it would not come back."""
    p95: timedelta | None
    within: float
    """In which share of the simulated rebuilds it was back within its RTO."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessReadiness:
    name: str
    readiness: Readiness
    rto: timedelta
    back: Back | None
    """None: not known."""
    rpo: timedelta
    newest: datetime | None
    """To when all its stores could be brought back; None: not known, or not at all."""
    stores: tuple[str, ...]
    """Those of its data; none: it has none to lose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteReadiness:
    region: str
    findings: tuple[Finding, ...]
    """The worst first."""
    good: tuple[str, ...]
    processes: tuple[ProcessReadiness, ...]

    @property
    def readiness(self) -> Readiness:
        return readiness_of(finding.severity for finding in self.findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadinessReport:
    at: datetime
    shop: str
    serving: str | None
    """``eu-west-3.g1``; None: nobody, or not known."""
    sites: tuple[SiteReadiness, ...]

    @property
    def exit(self) -> Exit:
        """The worst of all sites."""
        order = list(Readiness)
        worst = min((site.readiness for site in self.sites), key=order.index)
        return _ENDS_WITH[worst]


def readiness_of(severities: Iterable[Severity]) -> Readiness:
    """What findings of these severities come to together; ready where there is none."""
    order = list(Severity)
    return _COMES_TO[min(severities, key=order.index, default=Severity.NOTE)]


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """In the order of severity; what is as bad stays as it was looked at."""
    order = list(Severity)
    return tuple(sorted(findings, key=lambda finding: order.index(finding.severity)))
