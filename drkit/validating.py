"""What a validation does besides a run: it says beforehand that what it builds is nobody's to build
upon, takes away what earlier ones left, and at its end looks at the standby and takes away its own.

The word is outside before the first resource is made, so whoever dies at any moment leaves nothing
that a rebuild could take for a site, and nothing that the next drkit on the site does not find.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from drkit.compose import Opened, Parts
from drkit.destroying import Destroying
from drkit.engine.decide import Pass
from drkit.engine.loop import Hands, Stop, record, run_pass
from drkit.engine.progress import stand
from drkit.model.outcome import State
from drkit.model.place_record import CopyRemoved
from drkit.model.record import Target
from drkit.model.step import RemovalWork
from drkit.operating import operator
from drkit.planning.graph import Graph

if TYPE_CHECKING:
    from drkit.adapters.held import Held


def say_it_passes(opened: Opened, parts: Parts, held: Held) -> None:
    """Write down outside that what the run in ``parts`` builds is a validation's, if it is one.
    Raises ConfigurationError where the outside location does not take it.
    """
    from drkit.adapters.left_generations import LeftGeneration, Passing, leave_generation

    if parts.expires is None:
        return
    word = LeftGeneration(
        target=parts.target,
        reason="a validation's, which is taken away",
        operator=operator(),
        at=parts.clock.now(),
        run=parts.run,
        passing=Passing(expires=parts.expires, kept=opened.wish.keep is not None),
    )
    leave_generation(held.store, word)


@dataclass(frozen=True, slots=True, kw_only=True)
class Copies:
    """The copies of one site, for the run that works on it."""

    opened: Opened
    parts: Parts
    hands: Hands

    def take_away_left(self) -> None:
        """Remove what earlier validations of the site have left, but what somebody looks around
        in. Recorded in the run's journal.
        """
        from drkit.adapters.runs_folder import RunsFolder
        from drkit.adapters.scratch import sweep_all

        now, runs = self.parts.clock.now(), RunsFolder(self.opened.wish.plan.root)
        for word in self.opened.passing:
            if word.may_go(now):
                sweep_all(runs.folder(word.run))
                self._take_away_left(word.target)

    def look_at_standby(self, drift: Graph) -> None:
        """Compare what stands by in the site with the cloud, whatever became of the run."""
        run_pass(Pass.unhurried(drift, max_parallel=self.opened.wish.max_parallel), self.hands)

    def take_away_own(self, removal: Graph) -> None:
        """Remove what the run has built, whatever became of it, by the steps of ``removal``. One
        interrupt does not keep it from that; a second does, and leaves it to whoever comes next.
        """
        began = self.parts.clock.steady()
        if self._stop() is Stop.NOW:
            return
        pass_ = Pass.unhurried(removal, max_parallel=self.opened.wish.max_parallel)
        run_pass(pass_, replace(self.hands, stop=self._stop))
        found = stand(self.parts.journal.records())
        removed, stays = {}, {}
        for name, step in removal.steps.items():
            if not isinstance(step.work, RemovalWork):
                raise TypeError(f"{name} removes nothing")
            outcome = found.outcomes.get(name)
            removed[step.work.stack] = outcome.changed or 0 if outcome else 0
            if found.states.get(name) is not State.DONE:
                stays[step.work.stack] = outcome.message if outcome else "not tried"
        self._say(self.parts.target, removed, stays, began)

    def _stop(self) -> Stop:
        return Stop.NOW if self.hands.stop() is Stop.NOW else Stop.NO

    def _take_away_left(self, target: Target) -> None:
        from drkit.adapters.remains import remains

        wish, world = self.opened.wish, self.opened.world
        began = self.parts.clock.steady()
        # also where no resource is known: one that was being made may be
        reaped = Destroying(
            plan=wish.plan,
            target=target,
            world=world,
            vault=self.opened.vault,
            say=lambda _line: None,
            asked_to_end=lambda: self._stop() is Stop.NOW,
        ).all_of(remains(world, wish.plan, target))
        self._say(target, reaped.removed, reaped.stays, began)

    def _say(
        self,
        target: Target,
        removed: Mapping[str, int],
        stays: Mapping[str, str],
        began: timedelta,
    ) -> None:
        from drkit.adapters.forgotten import forgotten_if_gone

        copy = CopyRemoved(
            generation=target.name,
            removed=removed,
            stays=forgotten_if_gone(self.opened.world, self.opened.wish.plan, target, stays),
            elapsed=self.parts.clock.steady() - began,
        )
        record(self.hands, copy)
