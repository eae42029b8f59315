"""What is global or outside: buckets, zone, identities and epoch 0, made once (law 8).

The state bucket comes first, by the API: it is where Pulumi keeps its state, so Pulumi cannot make
it. Everything else is the stack ``outside``. Repeating changes nothing.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from drkit.errors import ConfigurationError, StepError
from drkit.model.plan import Plan
from drkit.model.record import Target
from drkit.model.step import RunKind, StackWork
from drkit.planning.problems import public_name_problems
from drkit.ports import Context
from drkit.toolbox import tool_for

OUTSIDE = "outside"


def prepared_as(plan: Plan) -> Target:
    """Whose the stack ``outside`` is: no site's, and there is one."""
    return Target(shop=plan.shop, region=plan.outside.region, generation=1)


def prepare(plan: Plan, *, say: Callable[[str], None]) -> None:
    """Make what is missing. Raises ConfigurationError, StepError."""
    from drkit.adapters.backup_policy import standing_fence
    from drkit.adapters.epoch import read_epoch, write_first_epoch
    from drkit.adapters.state_bucket import make_state_bucket
    from drkit.adapters.vault import open_vault
    from drkit.adapters.work_here import do_here
    from drkit.adapters.worlds import check_account, open_world

    world, vault = open_world(plan), open_vault(plan)
    if problems := (*check_account(world, plan), *public_name_problems(plan)):
        raise ConfigurationError("nothing was touched", problems=problems)
    made = make_state_bucket(world, plan)
    say(f"state bucket s3://{plan.outside.state}: {'made' if made else 'there'}")
    with tempfile.TemporaryDirectory(prefix="drkit-prepare-") as folder:
        context = Context(
            run="prepare",
            kind=RunKind.DEPLOY,
            plan=plan,
            target=prepared_as(plan),
            world=world,
            folder=Path(folder),
            log=Path(folder) / "outside.log",
            facts={},
            vault=vault,
            fence=standing_fence(world, plan),
        )
        outcome = do_here(tool_for(StackWork(stack=OUTSIDE)).do, context, say)
    if not outcome.done:
        remedy = outcome.failures[0].remedy if outcome.failures else ""
        raise StepError(f"the stack {OUTSIDE} failed: {outcome.message}", remedy=remedy)
    say(f"stack {OUTSIDE}: {outcome.changed} changed")
    first = write_first_epoch(world, plan)
    say(f"epoch: {'0, nobody serves yet' if first else read_epoch(world, plan).number}")
