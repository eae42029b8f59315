"""A visit to the hosts of one site that stands, in a process of its own: a request as JSON in, what
they told as JSON out.

Their playbooks are played in check mode and they are asked, side by side, over connections with
pinned keys through the jump host. It is supervised as a try is (:mod:`drkit.attempt`): ansible, ssh
and their files go with it. Changes nothing, there or here.
"""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

from drkit import attempt
from drkit.adapters import discretion, requests
from drkit.errors import ConfigurationError, StepError
from drkit.model.quantities import format_duration
from drkit.model.step import RunKind, Step
from drkit.planning.graph import build_graph
from drkit.reporting.readiness.hosts import Uncompared, Visit

if TYPE_CHECKING:
    from drkit.adapters.ansible_check import Answers, Compared
    from drkit.ports import Context

T = TypeVar("T")
_SIDE_BY_SIDE = 5
"""Playbooks at once: more would only wait for the processors, 2 s of a core each (measured)."""
_REACHED_WITHIN = timedelta(seconds=15)


def main() -> NoReturn:
    """``python -m drkit.visiting PARENT SCRATCH LIMIT``: for as long as process PARENT lives, and
    for LIMIT seconds at the most.
    """
    parent, scratch, limit = sys.argv[1:]
    end = time.monotonic() + float(limit)
    attempt.supervise(
        parent=int(parent),
        scratch=scratch,
        work=lambda: attempt.answer(lambda request: _visited(request, end)),
    )


def _visited(request: dict[str, object], end: float) -> Visit:
    secrets: tuple[str, ...] = ()
    try:
        context, steps = requests.read_context(request["context"]), request["steps"]
        secrets = discretion.secrets_of(context)
        if not isinstance(steps, list):
            raise TypeError("the steps of a visit are a list")
        return _visit(context, [str(step) for step in steps], end)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it is, nothing is known
        why, remedy = _said(error, secrets)
        return Visit(unknown=why, remedy=remedy)


def _said(error: BaseException, secrets: tuple[str, ...]) -> tuple[str, str]:
    """Why, and what mends it."""
    ended = requests.discreet_outcome(requests.outcome_of_error(error), secrets)
    return ended.message, ended.failures[0].remedy


def _visit(context: Context, wanted: Sequence[str], end: float) -> Visit:
    """Forks its workers before it has a second thread."""
    from drkit.adapters.ansible_forked import read_ansible
    from drkit.adapters.ansible_playbook import ansible_settings
    from drkit.adapters.hosts_output import groups_of, hosts_of
    from drkit.adapters.ssh_lines import SshLines

    there = _there(context)
    hosts = hosts_of(there.facts) if there else {}
    if there is None or not hosts:
        return Visit()
    read_ansible(ansible_settings(context.plan))
    serves = context.target == context.serving
    graph = build_graph(context.plan, RunKind.DEPLOY if serves else RunKind.REBUILD)
    steps = [graph.steps[name] for name in wanted if name in graph.steps]
    workers = ProcessPoolExecutor(_SIDE_BY_SIDE, mp_context=multiprocessing.get_context("fork"))
    workers.submit(os.getpid).result()
    with SshLines() as lines:
        lines.keep(there.folder, hosts)
        silent = _silent(there, list(hosts))
        if len(silent) == len(hosts):
            words = next(iter(silent.values()))
            return Visit(unknown=f"none of its {len(hosts)} hosts was reached: {words}")
        told = _told(workers, there, steps, tuple(silent), end)
    groups = {name: tuple(groups_of(host)) for name, host in hosts.items()}
    return dataclasses.replace(told, groups=groups, silent=silent)


def _there(context: Context) -> Context | None:
    """What a run on the site would know; None where a stack of it was never brought up."""
    from drkit.adapters.pulumi_outputs import prepared
    from drkit.adapters.serving_site import at_site

    made = prepared(context.plan, context.world, context.vault)
    known = dataclasses.replace(
        context, identities=made.identities, addresses=made.addresses, facts={}
    )
    try:
        return at_site(known, context.target, context.folder)
    except ConfigurationError:
        if context.target == context.serving:
            raise
        return None


def _silent(context: Context, hosts: list[str]) -> dict[str, str]:
    """Host that does not answer → what ssh said."""
    from drkit.adapters.reach import wait_for_hosts

    try:
        wait_for_hosts(context.folder, hosts, lambda _: None, patience=_REACHED_WITHIN)
    except StepError as error:
        reached = {path.name for path in Path(context.folder / "reached").iterdir()}
        words = discretion.discreet(
            str(error).partition(" (nor ")[0], discretion.secrets_of(context)
        )
        return {host: words for host in hosts if host not in reached}
    return {}


def _told(
    workers: ProcessPoolExecutor,
    context: Context,
    steps: Sequence[Step],
    without: tuple[str, ...],
    end: float,
) -> Visit:
    from drkit.adapters.ansible_check import ask, compare, has_hosts

    asked = workers.submit(ask, context, without=without)
    played = {
        step.id: workers.submit(compare, context, step, without=without)
        for step in steps
        if has_hosts(context, step, without=without)
    }
    began = time.monotonic()
    late = f"no answer within {format_duration(timedelta(seconds=round(end - began)))}"
    secrets = discretion.secrets_of(context)
    answers: Answers | Uncompared = _heard(asked, "versions", end, late, secrets)
    compared: list[Compared] = []
    uncompared: list[Uncompared] = []
    if isinstance(answers, Uncompared):
        uncompared.append(answers)
    else:
        uncompared += answers.uncompared
    for name, future in played.items():
        found: Compared | Uncompared = _heard(future, name, end, late, secrets)
        if isinstance(found, Uncompared):
            uncompared.append(found)
        else:
            compared.append(found)
            uncompared += found.uncompared
    return Visit(
        compared=tuple(each.step for each in compared if not each.uncompared),
        deviations=tuple(one for each in compared for one in each.deviations),
        uncompared=tuple(uncompared),
        installed={} if isinstance(answers, Uncompared) else answers.installed,
        heard={} if isinstance(answers, Uncompared) else answers.heard,
    )


def _heard(
    future: Future[T], name: str, end: float, late: str, secrets: tuple[str, ...]
) -> T | Uncompared:
    """Whatever one step raises, of the others it is known what they told."""
    try:
        return future.result(timeout=max(end - time.monotonic(), 0))
    except TimeoutError:
        return Uncompared(
            step=name, why=late, remedy="ask again, on a machine that has time for it"
        )
    except Exception as error:  # noqa: BLE001 - whatever it is, of this step nothing is known
        why, remedy = _said(error, secrets)
        return Uncompared(step=name, why=why, remedy=remedy)


if __name__ == "__main__":
    main()
