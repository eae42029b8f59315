"""What a validation does besides a run: it says beforehand that what it builds is nobody's to build
upon, takes away what earlier ones left, and at its end its own.

The word is outside before the first resource is made, so whoever dies at any moment leaves nothing
that a rebuild could take for a site, and nothing that the next drkit on the site does not find.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drkit.compose import Opened, Parts
from drkit.destroying import Destroying
from drkit.errors import ConfigurationError
from drkit.model.place_record import CopyRemoved
from drkit.model.record import Target
from drkit.operating import operator
from drkit.ports import Observer

if TYPE_CHECKING:
    from drkit.adapters.held import Held

_LOG = logging.getLogger(__name__)


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
    observer: Observer
    asked_to_end: Callable[[], bool]

    def take_away_left(self) -> None:
        """Remove what earlier validations of the site have left, but what somebody looks around
        in. Recorded in the run's journal.
        """
        now = self.parts.clock.now()
        for word in self.opened.passing:
            if word.may_go(now) and word.target != self.parts.target:
                self._take_away(word.target)

    def take_away_own(self) -> None:
        """Remove what the run has built, unless somebody wants to look around in it."""
        if self.parts.expires is not None and self.opened.wish.keep is None:
            self._take_away(self.parts.target, always=True)

    def _take_away(self, target: Target, *, always: bool = False) -> None:
        from drkit.adapters.remains import remains

        wish, world = self.opened.wish, self.opened.world
        began = self.parts.clock.steady()
        found = remains(world, wish.plan, target)
        if not (found or always):
            return
        reaped = Destroying(
            plan=wish.plan,
            target=target,
            world=world,
            vault=self.opened.vault,
            say=lambda _line: None,
            asked_to_end=self.asked_to_end,
        ).all_of(found)
        removed = CopyRemoved(
            generation=target.name,
            removed=reaped.removed,
            stays={**reaped.stays, **self._leaks(target)},
            elapsed=self.parts.clock.steady() - began,
        )
        for record in self.parts.journal.append(removed):
            self.observer.recorded(record)

    def _leaks(self, target: Target) -> Mapping[str, str]:
        """What the cloud still has of ``target`` although every stack is destroyed. Where it does
        not say, that is said, and is no leak.
        """
        from drkit.adapters.tagged import still_tagged

        try:
            found = still_tagged(self.opened.world, target)
        except ConfigurationError as error:
            _LOG.warning("%s; %s", error, error.remedy)
            return {}
        return dict.fromkeys(found, "no stack of it knows of it: remove it by hand")
