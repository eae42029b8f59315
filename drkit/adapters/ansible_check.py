"""Playbooks in check mode, to learn what they would change; and what hosts are asked besides.

Changes nothing on a host: a playbook of which a task would act all the same is not played. Refuses
to tell contents: what a task would write may be a secret, its name and place are told.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from drkit.adapters.ansible_playbook import Events, play
from drkit.adapters.check_mode import acting_tasks
from drkit.adapters.discretion import discreet, secrets_of
from drkit.adapters.hosts_output import hosts_of, matching
from drkit.errors import DrkitError
from drkit.model.step import PlaybookWork, Step, StoreWork
from drkit.ports import Context
from drkit.reporting.readiness.hosts import Deviation, Heard, Installed, Uncompared
from drkit.reporting.readiness.site import some

_HAVE_RUN = frozenset({"service", "systemd", "systemd_service"})
"""Modules, by the last part of their names, that have services run."""
_INSTALLED, _ENDPOINTS = "drkit.recovery.installed", "drkit.recovery.endpoints"
_MEND = "have it play with `--check`: docs/how-to/am-i-ready.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What one playbook would change."""

    step: str
    deviations: tuple[Deviation, ...] = ()
    uncompared: tuple[Uncompared, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What hosts were asked besides."""

    installed: Mapping[str, Installed] = field(default_factory=dict)
    heard: Mapping[str, Mapping[str, Heard]] = field(default_factory=dict)
    uncompared: tuple[Uncompared, ...] = ()


def has_hosts(context: Context, step: Step, *, without: Collection[str] = ()) -> bool:
    """Whether the playbook of ``step`` is for a host that is there, besides those ``without``."""
    wanted = step.work.hosts if isinstance(step.work, PlaybookWork | StoreWork) else ""
    return any(name not in without for name in matching(hosts_of(context.facts), wanted))


def compare(context: Context, step: Step, *, without: Collection[str] = ()) -> Compared:
    """Play the playbook of ``step`` in check mode, on its hosts but those ``without``."""
    work = step.work
    if not isinstance(work, PlaybookWork | StoreWork):
        raise TypeError(f"{work} has no playbook")
    if acting := acting_tasks(context.plan.root, work.playbook):
        why = f"it is not played, because it would or may act in check mode: {some(acting, '; ')}"
        remedy = "say `changed_when: false` of a task that only reads, or let it be skipped there"
        return Compared(
            step=step.id, uncompared=(Uncompared(step=step.id, why=why, remedy=remedy),)
        )
    seen = _Seen(step=step.id, playbook=work.playbook, secrets=secrets_of(context))
    events = Events(lambda _: None)
    limited = dataclasses.replace(work, hosts=_limit(work.hosts, without))
    playbook = context.plan.root / "playbooks" / f"{work.playbook}.yml"
    try:
        status = play(
            context, limited, playbook, take=lambda e: seen.take(e) and events.take(e), check=True
        )
    except DrkitError as error:
        return Compared(step=step.id, uncompared=(_refused(context, step.id, error),))
    return Compared(
        step=step.id,
        deviations=tuple(seen.deviations),
        uncompared=_failures(context, step.id, status, events),
    )


def ask(context: Context, *, without: Collection[str] = ()) -> Answers:
    """What each host but those ``without`` runs on, and what third parties answer it."""
    secrets = secrets_of(context)
    urls = {provider.name: provider.endpoint for provider in context.plan.providers.values()}
    tasks: list[dict[str, object]] = [
        {"name": "Note what is installed", _INSTALLED: {}},
        {"name": "Ask third parties", _ENDPOINTS: {"urls": urls}},
    ]
    plays: list[dict[str, object]] = [
        {"name": "Hosts, asked", "hosts": "all", "gather_facts": False, "tasks": tasks}
    ]
    told: dict[str, dict[str, Any]] = {_INSTALLED: {}, _ENDPOINTS: {}}
    events = Events(lambda _: None)

    def take(event: Mapping[str, Any]) -> bool:
        data = event.get("event_data", {})
        if event.get("event") == "runner_on_ok" and data.get("task_action") in told:
            told[data["task_action"]][str(data["host"])] = data["res"]
        return events.take(event)

    work = PlaybookWork(playbook="asked", hosts=_limit("all", without))
    try:
        status = play(context, work, plays, take=take, check=True)
    except DrkitError as error:
        return Answers(uncompared=(_refused(context, "versions", error),))
    return Answers(
        installed={
            host: Installed(**result["installed"]) for host, result in told[_INSTALLED].items()
        },
        heard={
            host: {
                name: Heard(status=heard["status"], said=discreet(heard["said"], secrets))
                for name, heard in result["heard"].items()
            }
            for host, result in told[_ENDPOINTS].items()
        },
        uncompared=_failures(context, "versions", status, events),
    )


def _limit(hosts: str, without: Collection[str]) -> str:
    return ":!".join([hosts, *sorted(without)])


def _refused(context: Context, step: str, error: DrkitError) -> Uncompared:
    why = discreet(str(error), secrets_of(context))
    return Uncompared(step=step, why=why, remedy=error.remedy)


def _failures(context: Context, step: str, status: str, events: Events) -> tuple[Uncompared, ...]:
    """One for all hosts of the step: what the first of them said."""
    if status == "successful":
        return ()
    first, *others = events.failures()
    words = ": ".join(filter(None, (first.host, first.task, first.message)))
    more = f" (and {len(others)} hosts more)" if others else ""
    why = discreet(f"{words}{more}", secrets_of(context))
    remedy = "ask again: a line to it was lost" if events.only_lines_lost else _MEND
    return (Uncompared(step=step, why=why, remedy=remedy),)


class _Seen:
    """What would be changed, by the events of ansible-runner: `is_conditional` says of a task that
    it is a handler, and of one with `no_log` nothing is said but its name (2.4).
    """

    def __init__(self, *, step: str, playbook: str, secrets: tuple[str, ...]) -> None:
        self._step, self._playbook = step, playbook
        self._secrets = secrets
        self._handlers: set[str] = set()
        self._changed: Counter[str] = Counter()
        self._hidden: dict[str, list[str]] = {}
        self.deviations: list[Deviation] = []

    def take(self, event: Mapping[str, Any]) -> bool:
        """Of handlers nothing: they come of what was changed. Any: events of ansible-runner."""
        data, kind = event.get("event_data", {}), event.get("event")
        host, result = str(data.get("host", "")), data.get("res", {})
        if kind == "playbook_on_task_start" and data.get("is_conditional"):
            self._handlers.add(str(data.get("task_uuid", "")))
        elif kind == "playbook_on_stats":
            self._uncover(data.get("changed", {}))
        elif kind == "runner_on_ok" and "censored" in result:
            self._hidden.setdefault(host, []).append(str(data.get("task", "")))
        elif kind == "runner_on_ok" and result.get("changed"):
            self._changed[host] += 1
            if data.get("task_uuid") not in self._handlers:
                self._found(
                    host,
                    task=str(data.get("task", "")),
                    what=tuple(dict.fromkeys(_what(result))),
                    still=str(data.get("task_action", "")).rpartition(".")[2] in _HAVE_RUN,
                )
        return True

    def _uncover(self, changed: Mapping[str, int]) -> None:
        """What was not said of tasks is counted all the same."""
        for host, names in self._hidden.items():
            if changed.get(host, 0) > self._changed[host]:
                self._found(host, task=" or ".join(names))

    def _found(
        self, host: str, *, task: str, what: tuple[str, ...] = (), still: bool = False
    ) -> None:
        self.deviations.append(
            Deviation(
                host=host,
                step=self._step,
                playbook=self._playbook,
                task=discreet(task, self._secrets),
                what=tuple(discreet(each, self._secrets) for each in what),
                still=still,
            )
        )


def _what(result: Mapping[str, Any]) -> Iterator[str]:
    """The files or things that a module says it would change, without what it would write. Nothing
    of what is otherwise than modules have it: they are anybody's.
    """
    items = [item for item in _listed(result.get("results")) if isinstance(item, dict)]
    for item in (one for one in items if one.get("changed")):
        yield from _what(item)
    if items:
        return
    if said := _texts(result.get("paths")) or _texts(result.get("done")):
        yield from said
        return
    diff = result.get("diff")
    diffs = [one for one in _listed(diff) or [diff] if isinstance(one, dict)]
    names = [one.get("before_header") for one in diffs]
    names += [result.get("dest"), result.get("path"), result.get("name")]
    if found := next((name for name in names if name and isinstance(name, str)), ""):
        yield found.removesuffix(" (content)").removesuffix(" (file attributes)")


def _listed(value: object) -> list[Any]:
    """Any: results of modules."""
    return value if isinstance(value, list) else []


def _texts(value: object) -> list[str]:
    """Of a list of texts alone."""
    listed = _listed(value)
    return listed if all(isinstance(each, str) for each in listed) else []
