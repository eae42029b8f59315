"""Third parties, as they answer this machine: the standby region may be heard otherwise."""

from __future__ import annotations

from collections.abc import Mapping

from drkit.errors import Problem
from drkit.model.plan import Provider
from drkit.model.readiness import About, Looked, Severity
from drkit.reporting.readiness.site import Site

FROM_HERE = "asked from here, not from the standby region"


def judge_providers(site: Site, silent: Mapping[str, str]) -> Looked:
    """``silent``: provider → what was heard of it instead of an answer."""
    findings = []
    for name, said in silent.items():
        provider = site.plan.providers[name]
        heard = Problem(
            place=f"providers.{name}.endpoint",
            message=f"{provider.endpoint}: {said} ({FROM_HERE})",
            remedy=f"ask {name} whether they are up, and whether this machine may reach them",
        )
        processes = _relying_on(site, provider)
        findings.append(
            site.finding(Severity.THREATENS, About.PROVIDERS, heard, processes=processes)
        )
    answering = [name for name in site.plan.providers if name not in silent]
    good = f"{', '.join(answering)} answer ({FROM_HERE})" if answering else ""
    return Looked(findings=tuple(findings), good=good)


def _relying_on(site: Site, provider: Provider) -> tuple[str, ...]:
    """The processes whose ledger it keeps; all, where the plan does not say who relies on it."""
    told = (p.name for p in site.plan.processes.values() if p.ledger == provider.name)
    return tuple(told) or site.all
