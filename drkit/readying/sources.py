"""What several looks want to know: asked once, all at once, and told to each.

Nobody is waited for longer than the patience. What did not answer by then is not known.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from drkit.adapters.asked import Asked
from drkit.errors import DrkitError
from drkit.model.plan import Plan
from drkit.model.readiness import Back
from drkit.model.record import Target
from drkit.ports import World
from drkit.reporting.readiness.times import Times

if TYPE_CHECKING:
    from drkit.adapters.earlier_rebuilds import EarlierRebuilds

T = TypeVar("T")

PATIENCE = timedelta(seconds=8)
"""For all answers together; one call to what is lost takes 4 s, and who serves is asked first."""
PATIENCE_FOR_PREVIEWS = timedelta(seconds=90)
"""The same with previews or visits to hosts among them, which share the processors of this machine
with the others."""
_PROVIDER = timedelta(seconds=3)
"""For the whole answer of one: before all had their time, so that the others are told."""
_SIMULATED = 100
"""Rebuilds: enough for a P95; `drkit simulate` makes more, and takes longer."""


class Sources:
    """Of one plan. Each is asked from the beginning on, in a thread of its own."""

    def __init__(self, plan: Plan, *, slow: bool = False) -> None:
        from drkit.adapters.epoch import read_epoch
        from drkit.adapters.recovery_points import newest_points
        from drkit.adapters.vault import open_vault
        from drkit.adapters.worlds import open_world
        from drkit.toolchain.survey import hindrances

        self.patience = PATIENCE_FOR_PREVIEWS if slow else PATIENCE
        self._end = time.monotonic() + self.patience.total_seconds()
        self.world = Asked(lambda: open_world(plan))
        self.epoch = Asked(lambda: read_epoch(self.of(self.world), plan))
        self.vault = Asked(lambda: open_vault(plan))
        self.newest = Asked(lambda: newest_points(self.of(self.world), plan))
        self.earlier = Asked(lambda: _earlier(plan, self.of(self.world)))
        self.times = Asked(lambda: _times(plan, self.of(self.earlier)))
        self.silent = Asked(lambda: _silent(plan, self.of(self.world)))
        self.hindrances = Asked(hindrances)

    def of(self, asked: Asked[T]) -> T:
        """What it was answered, or raised. Raises TimeoutError once all had their time."""
        return asked.answer(self.left)

    def known(self, asked: Asked[T]) -> T | None:
        """The same; None where it is not known."""
        try:
            return self.of(asked)
        except (DrkitError, TimeoutError):
            return None

    @property
    def left(self) -> timedelta:
        """Of the patience."""
        return timedelta(seconds=max(self._end - time.monotonic(), 0))

    @property
    def serving(self) -> Target | None:
        """The target that serves; None: nobody, or it is not known."""
        epoch = self.known(self.epoch)
        return epoch.serving if epoch is not None else None


def _earlier(plan: Plan, world: World) -> EarlierRebuilds:
    from drkit.adapters.earlier_rebuilds import EarlierRebuilds
    from drkit.adapters.outside_store import OutsideStore

    return EarlierRebuilds(OutsideStore(world, plan), plan)


def _times(plan: Plan, earlier: EarlierRebuilds) -> Times:
    from drkit.simulating import Scenario, simulate

    done = simulate(plan, earlier.history(), Scenario(times=_SIMULATED, faults={}))
    return Times(
        back={
            name: Back(p50=times.p50, p95=times.p95, within=times.within)
            for name, times in done.processes.items()
        },
        earlier=done.seen,
        steps=len(done.steps),
    )


def _silent(plan: Plan, world: World) -> Mapping[str, str]:
    """Provider → what was heard instead of an answer, of those that do not answer."""
    from drkit.adapters.public_answer import Answer, answer_at

    def asked(address: str) -> Asked[Answer]:
        return Asked(lambda: answer_at(address, world, within=_PROVIDER))

    waited_for = {name: asked(provider.endpoint) for name, provider in plan.providers.items()}
    heard = {name: answer.answer(PATIENCE) for name, answer in waited_for.items()}
    return {name: answer.said for name, answer in heard.items() if not answer.healthy}
