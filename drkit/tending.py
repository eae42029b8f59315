"""One playbook on the site that serves, outside of any run: a backup now, before a risky change.

The same tool, variables and ssh files as in a run; no journal, because nothing is decided by it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from drkit.errors import ConfigurationError
from drkit.model.outcome import Outcome
from drkit.model.plan import Plan
from drkit.model.record import Target
from drkit.model.step import PlaybookWork, RunKind
from drkit.ports import Context, Progress, Secret, World
from drkit.toolbox import tool_for


def call_name(now: datetime) -> str:
    """What stands for the run. Each call has its own: long work that a call left on a host carries
    its name, and the next call must not take what was done yesterday for its own.
    """
    return f"{now:%Y%m%d-%H%M%S}-{now:%f}-tending"


def tend(plan: Plan, work: PlaybookWork, *, say: Callable[[str], None], log: Path) -> Outcome:
    """Run ``work`` on the site that serves; what Ansible says goes to ``log``, without secrets.

    Raises ConfigurationError if no site serves; StepError.
    """
    with ready_to_tend(plan, work, log=log) as run:
        return run(say)


@contextmanager
def ready_to_tend(
    plan: Plan, work: PlaybookWork, *, log: Path
) -> Iterator[Callable[[Progress], Outcome]]:
    """The same in two halves: all that it needs is there, and nothing is touched before the call.
    Raises as :func:`tend`.
    """
    from drkit.adapters.discretion import secrets_of
    from drkit.adapters.epoch import read_epoch
    from drkit.adapters.vault import open_vault
    from drkit.adapters.work_here import do_here, said_into
    from drkit.adapters.worlds import check_account, open_world

    world, vault = open_world(plan), open_vault(plan)
    if problems := check_account(world, plan):
        raise ConfigurationError("nothing was touched", problems=problems)
    epoch = read_epoch(world, plan)
    if epoch.serving is None:
        raise ConfigurationError(
            "no site of this shop serves yet", remedy="bring it up: `drkit deploy --region R`"
        )
    with tempfile.TemporaryDirectory(prefix="drkit-") as name:
        context = _context(
            plan,
            epoch.number,
            target=epoch.serving,
            world=world,
            vault=vault,
            log=Path(name) / f"{work.playbook}.log",
        )

        def run(say: Progress) -> Outcome:
            with said_into(log, secrets_of(context)):
                return do_here(tool_for(work).do, context, say)

        yield run


def _context(
    plan: Plan, epoch: int, *, target: Target, world: World, vault: Mapping[str, Secret], log: Path
) -> Context:
    """What a run on the serving site would know, with its ssh files beside ``log``."""
    from drkit.adapters.clock import SystemClock
    from drkit.adapters.pulumi_outputs import prepared
    from drkit.adapters.serving_site import at_site

    made = prepared(plan, world, vault)
    context = Context(
        run=call_name(SystemClock().now()),
        kind=RunKind.DEPLOY,
        plan=plan,
        target=target,
        world=world,
        folder=log.parent,
        log=log,
        facts={},
        vault=vault,
        identities=made.identities,
        addresses=made.addresses,
        epoch=epoch,
        serving=target,
    )
    return at_site(context, target, log.parent)
