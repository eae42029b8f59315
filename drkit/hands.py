"""The engine's hands: what runs the steps, and what stands meanwhile so that no try has to make it.

Beside :mod:`drkit.compose` the only place that builds adapters, each imported where it is needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drkit.compose import Opened, Parts
from drkit.model.step import RunKind, Step
from drkit.model.wish import Wish
from drkit.ports import Context
from drkit.reporting.report import in_sandbox

if TYPE_CHECKING:
    from drkit.adapters.attempts import ProcessAttempts
    from drkit.adapters.forking import ForkServer
    from drkit.adapters.ssh_lines import SshLines


GIVES_WAY = 10
"""How nice the tools of what is not urgent are in the sandbox."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What stands for as long as a command runs, so that no try has to make it for itself."""

    server: ForkServer
    lines: SshLines


@contextmanager
def standing(wish: Wish) -> Iterator[Standing]:
    """Gets ready by itself, while the world is looked at."""
    from drkit.adapters.ansible_playbook import ansible_settings
    from drkit.adapters.forking import ForkServer
    from drkit.adapters.ssh_lines import SshLines

    # in the sandbox the site that serves lives on the very machine that rehearses
    urgent = wish.kind in {RunKind.DEPLOY, RunKind.REBUILD} or not in_sandbox(wish.plan.source)
    nice = 0 if urgent else GIVES_WAY
    server_of = ForkServer(wish.plan.root, settings=ansible_settings(wish.plan), nice=nice)
    with server_of as server, SshLines() as lines:
        yield Standing(server=server, lines=lines)


def step_hands(opened: Opened, parts: Parts, standing: Standing) -> ProcessAttempts:
    """What runs the steps: processes, each told what is known when it starts."""
    from drkit.adapters.attempts import ProcessAttempts
    from drkit.adapters.digests import digest_of
    from drkit.adapters.ssh_files import hosts_of, write_ssh_files
    from drkit.engine.progress import Told

    wish = opened.wish
    jump = wish.plan.sites[wish.region].jump
    raised = opened.epoch.run == parts.run
    epoch = opened.epoch.number + (0 if raised else 1)
    told = Told(parts.journal)

    def context_for(step: Step, number: int) -> Context:
        facts, lost = told.now()
        if hosts := hosts_of(facts):
            write_ssh_files(parts.folder, hosts, jump=jump, key=opened.vault["ssh_key"])
            standing.lines.keep(parts.folder, hosts)
        return Context(
            run=parts.run,
            kind=wish.kind,
            plan=wish.plan,
            target=parts.target,
            world=opened.world,
            folder=parts.folder,
            log=parts.folder / "logs" / f"{step.id}.{number}.log",
            facts=facts,
            vault=opened.vault,
            identities=parts.prepared.identities,
            addresses=parts.prepared.addresses,
            recover_to=parts.recover_to,
            epoch=epoch,
            serving=opened.epoch.serving,
            expires=parts.expires,
            lost=(*lost, *opened.cut_off),
        )

    return ProcessAttempts(
        context_for,
        digest=lambda step: digest_of(wish.plan.root, step),
        server=standing.server,
    )
