"""The certificates of the vault: for which names they are, until when, and whether their key is
there. Which of them a playbook uses is not known: what counts is that one is good for the public
name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from drkit.errors import Problem
from drkit.model.quantities import format_duration, format_moment
from drkit.model.readiness import About, Finding, Looked, Severity
from drkit.reporting.readiness.site import Site

_RENEW = "get another, and put it there with `ansible-vault edit`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """One of the vault's."""

    entry: str
    names: tuple[str, ...]
    """Of DNS, as ``shop.example`` or ``*.example``."""
    expires: datetime
    has_key: bool
    """Whether the vault holds its private key."""

    def covers(self, name: str) -> bool:
        wild = f"*.{name.partition('.')[2]}"
        return {name.lower(), wild.lower()}.intersection(map(str.lower, self.names)) != set()


def judge_certificates(site: Site, found: tuple[Certificate, ...]) -> Looked:
    name, vault = site.plan.dns.name, str(site.plan.secrets.vault)
    ours = [certificate for certificate in found if certificate.covers(name)]
    if not ours:
        none = Problem(
            place=vault,
            message=f"holds no certificate for {name}: whether the edge would have one is not known"
            " here",
            remedy="nothing, if the edge gets it from elsewhere; else put one there",
        )
        severity = Severity.THREATENS if found else Severity.NOTE
        return Looked(findings=(site.finding(severity, About.SECRETS, none),))
    findings = tuple(finding for one in found for finding in _of(site, one, blocks=one in ours))
    until = min(certificate.expires for certificate in ours)
    good = f"the vault, with a certificate for {name} until {until:%Y-%m-%d}"
    return Looked(findings=findings, good="" if findings else good)


def _of(site: Site, one: Certificate, *, blocks: bool) -> Iterator[Finding]:
    place, left = f"{site.plan.secrets.vault} {one.entry}", one.expires - site.now
    if left <= timedelta(0):
        over = Problem(
            place=place,
            message=f"the certificate for {', '.join(one.names)} is over since"
            f" {format_moment(one.expires)}",
            remedy=_RENEW,
        )
        yield site.finding(Severity.BLOCKS if blocks else Severity.THREATENS, About.SECRETS, over)
    elif left < site.expiry:
        soon = Problem(
            place=place,
            message=f"the certificate for {', '.join(one.names)} expires in"
            f" {format_duration(left)} ({format_moment(one.expires)})",
            remedy=_RENEW,
        )
        yield site.finding(Severity.THREATENS, About.SECRETS, soon)
    if blocks and not one.has_key:
        lost = Problem(
            place=place,
            message="the vault holds no private key for this certificate",
            remedy="put the key there, or a certificate of the key that is there",
        )
        yield site.finding(Severity.THREATENS, About.SECRETS, lost)
