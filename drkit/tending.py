"""One playbook on the site that serves, outside of any run: a backup now, before a risky change.

The same tool, variables and ssh files as in a run, in a process that is supervised as a try is:
whoever stops it, or ends drkit, ends all that it started. No journal, because nothing is decided by
it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from drkit.engine.loop import TICK, Ended, Stop
from drkit.errors import ConfigurationError
from drkit.model.outcome import Outcome
from drkit.model.plan import Plan
from drkit.model.record import Target
from drkit.model.step import PlaybookWork, RunKind
from drkit.planning.making import step_of
from drkit.ports import Context, Progress, Secret, World

if TYPE_CHECKING:
    from drkit.adapters.forking import ForkServer

Tending = Callable[[Progress, Callable[[], Stop]], Outcome]
"""What it says goes to the first; the second is asked all the while whether it is to be ended."""


def never() -> Stop:
    """Nobody asks for an end."""
    return Stop.NO


def call_name(now: datetime) -> str:
    """What stands for the run. Each call has its own: long work that a call left on a host carries
    its name, and the next call must not take what was done yesterday for its own.
    """
    return f"{now:%Y%m%d-%H%M%S}-{now:%f}-tending"


def tend(plan: Plan, work: PlaybookWork, *, say: Callable[[str], None], log: Path) -> Outcome:
    """Run ``work`` on the site that serves; what Ansible says goes to ``log``, without secrets.

    Raises ConfigurationError if no site serves; StepError.
    """
    from drkit.adapters.runs_folder import RunsFolder
    from drkit.adapters.scratch import calling_in_scratch

    with (
        calling_in_scratch(RunsFolder(plan.root).path, work.playbook) as folder,
        ready_to_tend(plan, work, log=log, folder=folder) as run,
    ):
        return run(say, never)


@contextmanager
def ready_to_tend(plan: Plan, work: PlaybookWork, *, log: Path, folder: Path) -> Iterator[Tending]:
    """The same in two halves: all that it needs is in ``folder``, a private one, and nothing is
    touched before the call. Raises as :func:`tend`.
    """
    from drkit.adapters.ansible_playbook import ansible_settings
    from drkit.adapters.epoch import read_epoch
    from drkit.adapters.forking import ForkServer
    from drkit.adapters.vault import open_vault
    from drkit.adapters.worlds import check_account, open_world

    world, vault = open_world(plan), open_vault(plan)
    if problems := check_account(world, plan):
        raise ConfigurationError("nothing was touched", problems=problems)
    epoch = read_epoch(world, plan)
    if epoch.serving is None:
        raise ConfigurationError(
            "no site of this shop serves yet", remedy="bring it up: `drkit deploy --region R`"
        )
    with ForkServer(plan.root, settings=ansible_settings(plan)) as server:
        context = _context(
            plan,
            epoch.number,
            target=epoch.serving,
            world=world,
            vault=vault,
            log=folder / f"{work.playbook}.log",
        )

        def run(say: Progress, stop: Callable[[], Stop]) -> Outcome:
            try:
                return tried(work, context, say=say, stop=stop, server=server)
            finally:
                _keep(context, log)

        yield run


def tried(
    work: PlaybookWork,
    context: Context,
    *,
    say: Progress,
    stop: Callable[[], Stop],
    server: ForkServer,
) -> Outcome:
    """Have ``work`` done by one try. What was ended is unknown, and so are all its processes
    gone by then.
    """
    from drkit.adapters.attempts import ProcessAttempts

    step = step_of(context.plan, work.playbook, work, ())
    hands = ProcessAttempts(lambda _step, _number: context, digest=lambda _: "", server=server)
    hands.start(step, 1, look_first=False)
    while True:
        for told in hands.wait(TICK):
            if isinstance(told, Ended):
                return told.outcome
            say(told.line)
        if stop() is Stop.NOW:
            hands.stop()


def _keep(context: Context, log: Path) -> None:
    """What Ansible said, without secrets."""
    from drkit.adapters.discretion import discreet, secrets_of
    from drkit.adapters.private import private_file, private_folder

    said = context.log.read_text(errors="replace") if context.log.is_file() else ""
    private_folder(log.parent)
    with private_file(log, "w") as file:
        file.write(discreet(said, secrets_of(context)))


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
