"""When the books of third parties are read: after the restore, and once more after the cutover.

The first reading is what a person is told at the gate. Until the fence holds, an old site that
still serves goes on promising; what it promised since is lost with it. So the second reading is
the one that counts. No customer waits for it: it is made while the old DNS answer runs out. A
deployment restores nothing and reads no books.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from drkit.model.plan import Plan
from drkit.model.step import LedgerWork, Step, Work

AFTER_CUTOVER = "after-cutover"
"""Last word of the name of the second reading."""

StepMaker = Callable[[str, Work, Iterable[str]], Step]
Sound = Callable[[Iterable[str]], list[str]]
"""Services → the steps after which they are known to be sound."""


def read_ledgers(plan: Plan) -> tuple[str, ...]:
    """The providers whose books tell of a process, in the order of the plan."""
    named = {process.ledger for process in plan.processes.values()}
    return tuple(p.name for p in plan.providers.values() if p.ledger and p.name in named)


def ledger_steps(plan: Plan, sound: Sound, step: StepMaker) -> Iterator[Step]:
    """The readings of a rebuild."""
    opened = [f"{entry.name}.dns" for entry in plan.steps.values() if entry.cutover]
    for name in read_ledgers(plan):
        users = [process for process in plan.processes.values() if process.ledger == name]
        needs = sound(chain.from_iterable(process.needs for process in users))
        work = LedgerWork(provider=name, path=str(plan.providers[name].ledger))
        yield step(f"ledger.{name}", work, needs)
        if opened:
            yield step(f"ledger.{name}.{AFTER_CUTOVER}", work, [*needs, *opened])
