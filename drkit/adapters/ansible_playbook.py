"""Playbooks by ansible-runner, over the run's own ssh configuration with pinned host keys.

Secrets reach Ansible in one file of variables in a private folder that is removed after the try.
Host key checking is never switched off. ssh goes through the connections that drkit keeps for the
command; where it keeps none, masters live in a folder of this try and end with it, because one that
outlives a run skips the host key check (measured).
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from drkit.adapters.ansible_forked import forked_playbooks
from drkit.adapters.hosts_output import entrance, hosts_of, matching
from drkit.adapters.playbook_vars import playbook_vars
from drkit.adapters.reach import wait_for_hosts
from drkit.adapters.ssh_lines import control_path
from drkit.errors import EffectUnknown, StepError
from drkit.model.outcome import Failure, Outcome, State
from drkit.model.plan import Plan
from drkit.model.step import PlaybookWork, StoreWork
from drkit.ports import Context, Progress
from drkit.recovery import collections_path

_FAILED = frozenset({"runner_on_failed", "runner_on_unreachable"})


class PlaybookTool:
    """Runs ``playbooks/NAME.yml`` on a group of hosts of the run's site."""

    def __init__(self, work: PlaybookWork | StoreWork) -> None:
        self._work = work

    def look(self, context: Context) -> Outcome | None:  # noqa: ARG002
        """Nothing is known without running it: a playbook looks at each host before it acts."""
        return None

    def do(self, context: Context, progress: Progress) -> Outcome:
        playbook = context.plan.root / "playbooks" / f"{self._work.playbook}.yml"
        if not playbook.is_file():
            raise StepError(f"{playbook} is not there", remedy="write it, or correct the plan")
        if not (context.folder / "inventory" / "hosts.yml").is_file():
            raise StepError(
                "there are no hosts to run it on: no stack of this run has provided any",
                remedy="let the step need the stack that provides its hosts",
            )
        _must_have_a_way_in(context)
        wait_for_hosts(context.folder, self._hosts(context), progress)
        events = Events(progress)
        status = play(context, self._work, playbook, take=events.take)
        return _outcome(status, events, group=self._work.hosts)

    def _hosts(self, context: Context) -> list[str]:
        """The hosts that a stack of this run provides, as far as the playbook is for them."""
        return matching(hosts_of(context.facts), self._work.hosts)


def play(
    context: Context,
    work: PlaybookWork | StoreWork,
    playbook: Path | list[dict[str, object]],
    *,
    take: Callable[[Mapping[str, Any]], bool],
    check: bool = False,
) -> str:
    """Play a file, or plays, on the hosts of ``work``; returns how it ended, by ansible-runner.

    ``take`` hears each of its events. With ``check`` nothing is changed, only told.
    """
    import ansible_runner

    with _private_folder() as private:
        variables = private / "drkit-vars.json"
        variables.touch(mode=0o600)
        variables.write_text(json.dumps(playbook_vars(context, work)))
        settings = ansible_settings(context.plan)
        with forked_playbooks(settings):
            result = ansible_runner.run(
                private_data_dir=str(private),
                playbook=str(playbook) if isinstance(playbook, Path) else playbook,
                inventory=str(context.folder / "inventory"),
                limit=work.hosts,
                cmdline=f"-e @{variables}" + (" --check --diff" if check else ""),
                envvars={**settings, **_environment(context, private)},
                event_handler=take,
                # the variable of the environment would be overwritten by ansible-runner (2.4)
                fact_cache=str(context.folder / "host-facts"),
                quiet=check,
                rotate_artifacts=1,
            )
    return str(result.status)


def _must_have_a_way_in(context: Context) -> None:
    jump = context.plan.sites[context.target.region].jump
    hosts = hosts_of(context.facts)
    if hosts and entrance(hosts, jump) is None:
        raise StepError(
            f"no host of the group `{jump}` has a public address to go through",
            remedy="let the step need the stack that provides it; it must output `public`",
        )


class Events:
    """What a playbook said that matters: failures, counts, facts."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._failures: dict[str, Failure] = {}
        self._lost: frozenset[str] = frozenset()
        self._dark: frozenset[str] = frozenset()
        self._errors: list[str] = []
        self.hosts: frozenset[str] = frozenset()
        """Those that some task was run for."""
        self.changed = 0
        self.facts: dict[str, object] = {}

    def take(self, event: Mapping[str, Any]) -> bool:
        """ansible-runner drops an event whose handler returns None (2.4): always True."""
        data = event.get("event_data", {})
        match event.get("event"):
            case "playbook_on_task_start":
                self._progress(str(data.get("name") or data.get("task", "")))
            case "runner_retry" if said := data.get("res", {}).get("progress"):
                self._progress(f"{data.get('task', '')}: {said}")
            case "playbook_on_stats":
                self.changed = sum(data.get("changed", {}).values())
                self.facts = dict(data.get("artifact_data", {}).get("drkit_facts", {}))
                self.hosts = frozenset(data.get("processed", {}))
                self._dark = frozenset(data.get("dark", {}))
                self._lost = self._dark.union(data.get("failures", {}))
            case name if name in _FAILED and not data.get("ignore_errors"):
                # the last failure of a host is the one that stopped it
                self._failures[str(data.get("host", ""))] = _failure(data)
            case "verbose" if "ERROR" in str(event.get("stdout")):
                self._errors.append(str(event["stdout"]))
        return True

    @property
    def only_lines_lost(self) -> bool:
        """Whether no task failed, and some host was not to be reached."""
        return bool(self._dark) and self._lost == self._dark

    def failures(self) -> tuple[Failure, ...]:
        """One for each host that was lost to the play; else what Ansible said of the playbook."""
        found = tuple(f for host, f in self._failures.items() if host in self._lost)
        if found or self._failures:
            return found or tuple(self._failures.values())
        words = " ".join(self._errors)[-1000:]
        return (Failure(message=words or "ansible-playbook failed: see the log"),)


def _failure(data: Mapping[str, Any]) -> Failure:
    """Of a loop the item that failed says why; the task itself says only that some did."""
    result = data.get("res", {})
    items = [i for i in result.get("results", ()) if isinstance(i, dict) and i.get("failed")]
    result = items[0] if items else result
    said = result.get("msg") or result.get("stderr") or result.get("stdout") or "no reason given"
    return Failure(
        message=str(said)[-1000:], host=str(data.get("host", "")), task=str(data.get("task", ""))
    )


def _outcome(status: str, events: Events, *, group: str) -> Outcome:
    if status == "successful" and not events.hosts:
        failure = Failure(
            message=f"no host matched: the step is for `{group}`, and no play of the playbook is",
            remedy=f"correct `hosts` of the step in the plan or of the plays, or let a stack "
            f"provide hosts of the group {group}",
        )
        return Outcome(state=State.FAILED, message=failure.message, failures=(failure,))
    if status == "successful":
        return Outcome(state=State.DONE, changed=events.changed, facts=events.facts)
    if status in {"canceled", "timeout"}:
        raise EffectUnknown(
            f"ansible-playbook was ended: {status}",
            remedy="run the same command again: a playbook looks at each host before it acts",
        )
    failures = events.failures()
    last = failures[-1]
    place = f"{last.host}: {last.task}: " if last.host else ""
    return Outcome(
        state=State.FAILED,
        changed=events.changed,
        message=f"{place}{last.message}",
        failures=failures,
        transient=events.only_lines_lost,
    )


def ansible_settings(plan: Plan) -> dict[str, str]:
    """What is set of Ansible for all playbooks of ``plan``, as variables of its environment."""
    settings = {
        "ANSIBLE_COLLECTIONS_PATH": f"{collections_path()}:{plan.root / 'collections'}",
        "ANSIBLE_ROLES_PATH": str(plan.root / "playbooks" / "roles"),
        # False would beat StrictHostKeyChecking in the ssh configuration
        "ANSIBLE_HOST_KEY_CHECKING": "True",
        "ANSIBLE_PIPELINING": "True",
        # of a connection that was dropped before it began; mitogen has no such setting
        "ANSIBLE_SSH_RETRIES": "2",
        "ANSIBLE_FORKS": "10",
        "ANSIBLE_NOCOLOR": "1",
        # a module tells the host's journal all that it was given, secrets among it (measured)
        "ANSIBLE_NO_TARGET_SYSLOG": "True",
        "ANSIBLE_RETRY_FILES_ENABLED": "False",
        "ANSIBLE_GATHERING": "smart",
        "ANSIBLE_STRATEGY": plan.defaults.strategy,
    }
    found = importlib.util.find_spec("ansible_mitogen")
    if plan.defaults.strategy.startswith("mitogen") and found and found.origin:
        plugins = Path(found.origin).parent / "plugins" / "strategy"
        settings["ANSIBLE_STRATEGY_PLUGINS"] = str(plugins)
        # mitogen's limit holds for all that a connection takes, ssh, jump host, sudo and the start
        # of Python there; Ansible's 10 s were seen too short when six playbooks want one host
        settings["ANSIBLE_TIMEOUT"] = "30"
    return settings


def _environment(context: Context, private: Path) -> dict[str, str]:
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "ANSIBLE_SSH_CONTROL_PATH_DIR": str(private / "cp"),
        "ANSIBLE_LOCAL_TEMP": str(private / "tmp"),
        "PYTHONDONTWRITEBYTECODE": "",
    }
    if path := control_path(context.folder):
        # no ControlPersist: a master of Ansible's own would be one more beside drkit's
        environment["ANSIBLE_SSH_ARGS"] = f"-o ControlPath={path}"
    return environment


@contextmanager
def _private_folder() -> Iterator[Path]:
    """Short on purpose: a unix socket's path may have 107 characters."""
    folder = Path(tempfile.mkdtemp(prefix="drkit-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
