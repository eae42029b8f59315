"""Two places that want one site: folders of the same plan, with what each holds and records."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from drkit.adapters.clock import SystemClock
from drkit.adapters.held import Held
from drkit.adapters.journal_copies import bring
from drkit.adapters.journal_file import JournalFile
from drkit.adapters.journal_outside import JournalOutside
from drkit.adapters.lease import Holder, Lease, free_for, holder_here, take
from drkit.adapters.outside_store import OutsideStore
from drkit.adapters.owner import Owner
from drkit.adapters.runs_folder import RunsFolder
from drkit.model.outcome import Outcome, State
from drkit.model.plan import Plan
from drkit.model.record import Body, RunEnded, StepEnded, StepStarted
from drkit.ports import World
from tests.fakes.clock import START

REGION = "eu-central-1"
RUN = "20261123-060000-rebuild-eu-central-1"
BEGUN = StepStarted(step="network", number=1, digest="", log="")
ENDED = StepEnded(
    step="network", number=1, outcome=Outcome(state=State.DONE), elapsed=START - START
)
OVER = RunEnded(stand="finished")


class Place:
    """One folder on one machine. ``plan`` is the plan as it lies there."""

    def __init__(self, world: World, plan: Plan, name: str) -> None:
        root = plan.root / name
        root.mkdir(exist_ok=True)
        self.plan = replace(plan, root=root)
        self.world = world
        self.store = OutsideStore(world, plan)
        self.runs = RunsFolder(root)
        self.owner = Owner(root)
        self.name = name

    @property
    def journal(self) -> Path:
        return self.runs.journal(RUN)

    def me(self, run: str = "") -> Holder:
        return holder_here(self.plan.root, region=REGION, operator=f"{self.name}@host", run=run)

    def hold(self, run: str = "") -> Held:
        return Held(self.store, self.take(run), self.owner)

    def take(self, run: str = "") -> Lease:
        me = self.me(run)
        return take(self.store, me, free_for(self.store, REGION, me.place))

    def open(self, held: Held, run: str = RUN) -> JournalOutside:
        known = bring(self.store, self.runs, REGION, run)
        self.runs.folder(run).mkdir(parents=True, exist_ok=True)
        file = JournalFile(self.runs.journal(run), now=SystemClock().now)
        return JournalOutside(file, held, run=run, known=known)

    def record(self, *bodies: Body) -> None:
        """A command that records these and ends."""
        with self.hold() as held, self.open(held) as journal:
            for body in bodies:
                journal.append(body)


def eventually(what: Callable[[], object], *, within: float = 10) -> None:
    deadline = time.monotonic() + within
    while not what():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.02)
