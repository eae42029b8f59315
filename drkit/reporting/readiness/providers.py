"""Third parties, as they answer this machine and, where a standby stands, its hosts.

Refuses to take an answer that this machine gets for one that the standby gets.
"""

from __future__ import annotations

from collections.abc import Mapping

from drkit.errors import Problem
from drkit.model.plan import Provider
from drkit.model.readiness import About, Looked, Severity
from drkit.model.record import Target
from drkit.reporting.readiness.hosts import Heard, Visit
from drkit.reporting.readiness.site import Site

FROM_HERE = "asked from here, not from the standby region"
_REFUSALS = frozenset({401, 403, 407, 451})
"""Statuses by which somebody is told that they are not let in."""
_BROKEN = 500
"""From this status on, whoever answers says that they cannot serve."""


def judge_providers(site: Site, silent: Mapping[str, str]) -> Looked:
    """``silent``: provider → what was heard of it instead of an answer."""
    ask = "whether they are up, and whether this machine may reach them"
    return _looked(site, silent, asked=FROM_HERE, ask=ask)


Answers = Mapping[str, Heard]
"""Group of hosts → the best answer that one of them got of a provider."""


def judge_providers_there(site: Site, standby: Target, there: Visit, here: Visit) -> Looked:
    """The hosts of ``standby`` have asked (``there``), and those that serve (``here``): what these
    reach, those are to reach as well; where that is not known, one host must.
    """
    told = {n: _wrong(_answers(there, n), _answers(here, n)) for n in site.plan.providers}
    wrong = {name: said for name, said in told.items() if said}
    ask = (
        f"whether the addresses that {standby.region} calls from are let in, and see what the"
        " network there lets out"
    )
    return _looked(site, wrong, asked=f"asked from {standby.name}", ask=ask)


def _looked(site: Site, wrong: Mapping[str, str], *, asked: str, ask: str) -> Looked:
    """``wrong``: provider → what is. ``asked``: from where; ``ask``: what they are to be asked."""
    findings = []
    for name, said in wrong.items():
        provider = site.plan.providers[name]
        problem = Problem(
            place=f"providers.{name}.endpoint",
            message=f"{provider.endpoint}: {said} ({asked})",
            remedy=f"ask {name} {ask}",
        )
        processes = _relying_on(site, provider)
        findings.append(
            site.finding(Severity.THREATENS, About.PROVIDERS, problem, processes=processes)
        )
    answering = [name for name in site.plan.providers if name not in wrong]
    good = f"{', '.join(answering)} answer ({asked})" if answering else ""
    return Looked(findings=tuple(findings), good=good)


def _wrong(there: Answers, here: Answers) -> str:
    """What is wrong with what the standby was answered; empty: nothing. Groups of which it has no
    host that answers say nothing.
    """
    both = [group for group, heard in here.items() if _answers_at_all(heard) and group in there]
    lost = [group for group in both if not _as_well(there[group], here[group])]
    if lost:
        told, known = there[lost[0]], here[lost[0]]
        return f"{_told(told)} to {', '.join(sorted(lost))}, and {known.status} to those that serve"
    if both or any(_answers_at_all(heard) for heard in there.values()):
        return ""
    return _told(next(iter(there.values()))) if there else "no host there could ask"


def _as_well(there: Heard, here: Heard) -> bool:
    """Whether both are let in, or neither: some let nobody see their front page."""
    return _answers_at_all(there) and (there.status in _REFUSALS) <= (here.status in _REFUSALS)


def _answers_at_all(heard: Heard) -> bool:
    return 0 < heard.status < _BROKEN


def _told(heard: Heard) -> str:
    return f"answers with {heard.status}" if heard.status else f"no answer ({heard.said})"


def _answers(visit: Visit, provider: str) -> Answers:
    best: dict[str, Heard] = {}
    for host, told in visit.heard.items():
        if provider in told:
            for group in visit.groups.get(host, ()):
                if group not in best or not _answers_at_all(best[group]):
                    best[group] = told[provider]
    return best


def _relying_on(site: Site, provider: Provider) -> tuple[str, ...]:
    """The processes whose ledger it keeps; all, where the plan does not say who relies on it."""
    told = (p.name for p in site.plan.processes.values() if p.ledger == provider.name)
    return tuple(told) or site.all
