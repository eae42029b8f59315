"""One playbook on the site that serves, outside of any run: a backup now, before a risky change.

The same tool, variables and ssh files as in a run; no journal, because nothing is decided by it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from drkit.errors import ConfigurationError
from drkit.model.outcome import Outcome
from drkit.model.plan import Plan
from drkit.model.record import Target
from drkit.model.step import PlaybookWork, RunKind
from drkit.ports import Context, Secret, World
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
        with said_into(log, secrets_of(context)):
            return do_here(tool_for(work).do, context, say)


def _context(
    plan: Plan, epoch: int, *, target: Target, world: World, vault: Mapping[str, Secret], log: Path
) -> Context:
    """What a run on the serving site would know, with its ssh files beside ``log``."""
    from drkit.adapters.certificates import write_proof_certificate
    from drkit.adapters.clock import SystemClock
    from drkit.adapters.pulumi_outputs import outputs, prepared
    from drkit.adapters.pulumi_workspace import backend_of
    from drkit.adapters.ssh_files import hosts_of, write_ssh_files

    run, folder = call_name(SystemClock().now()), log.parent
    backend = backend_of(plan, world, vault)
    facts = {
        name: _public(outputs(plan, backend, name=name, stack=target.name)) for name in plan.stacks
    }
    made = prepared(plan, world, vault)
    write_proof_certificate(folder, run=run, secret=vault["pulumi_passphrase"])
    jump = plan.sites[target.region].jump
    write_ssh_files(folder, hosts_of(facts), jump=jump, key=vault["ssh_key"])
    return Context(
        run=run,
        kind=RunKind.DEPLOY,
        plan=plan,
        target=target,
        world=world,
        folder=folder,
        log=log,
        facts=facts,
        vault=vault,
        identities=made.identities,
        addresses=made.addresses,
        epoch=epoch,
        serving=target,
    )


def _public(outputs: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in outputs.items() if not isinstance(value, Secret)}
