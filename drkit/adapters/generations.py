"""Which generation of a site a run builds: the newest that was never opened and not left, else the
next. One that a validation has built is nobody else's.

A generation is known by its Pulumi stacks in the state bucket, by the copies of their states (the
state may be lost), by the epochs that opened it, and by what was left behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from drkit.adapters.cloud import client, said_by_cloud
from drkit.adapters.epoch import Epoch
from drkit.adapters.forgotten import highest_validated
from drkit.adapters.left_generations import LeftGeneration, left_generations
from drkit.adapters.outside_store import OutsideStore
from drkit.adapters.state_copies import stacks_with_copies
from drkit.adapters.stored_states import stored_states
from drkit.errors import ConfigurationError
from drkit.model.plan import Plan
from drkit.model.record import RANGES
from drkit.ports import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Generations:
    """Those of one site that are known, by their numbers."""

    built: frozenset[int] = frozenset()
    """A stack of it is there, or was."""
    opened: frozenset[int] = frozenset()
    left: Mapping[int, LeftGeneration] = field(default_factory=dict)
    """Those that a person gave up."""
    passing: Mapping[int, LeftGeneration] = field(default_factory=dict)
    """Those that validations have built, as long as anything of them may be there. None that
    customers were ever on, whoever says so."""
    forgotten: int = 0
    """The highest number of those of which nothing is."""

    @property
    def standing(self) -> int | None:
        """The one that was built, never opened and not left; None: there is none."""
        newest = max(self._in_a_row, default=None)
        return None if newest in self.opened | self.left.keys() else newest

    @property
    def due(self) -> int:
        """The one that a new run builds, from 1."""
        return self.fresh if self.standing is None else self.standing

    @property
    def fresh(self) -> int:
        """One that nobody ever built: what a validation builds. Its address range is not that of
        what stands, beside which it is built.
        """
        number, stands = max([*self._in_a_row, *self.passing, self.forgotten]) + 1, self.standing
        return number + 1 if stands and number % RANGES == stands % RANGES else number

    def after(self, number: int) -> int:
        """The one that takes the place of ``number``."""
        later = [n for n in self._in_a_row if n > number]
        return min(later, default=max(self.fresh, number + 1))

    def before(self, number: int) -> int:
        """The one in whose place ``number`` stands, if it does; 0: none can."""
        return max((n for n in self._in_a_row if n < number), default=0)

    @property
    def _in_a_row(self) -> frozenset[int]:
        """All but the copies of validations, of which also the numbers may be forgotten."""
        return (self.built | self.opened | self.left.keys()) - self.passing.keys()


def known_generations(world: World, plan: Plan, region: str, epoch: Epoch) -> Generations:
    """Raises ConfigurationError when state, copies or what was left cannot be read."""
    s3 = client(world, "s3", plan.outside.region)
    try:
        stacks = [state.stack for state in stored_states(s3, plan.outside.state)]
    except said_by_cloud() as error:
        raise ConfigurationError(
            f"the state in s3://{plan.outside.state} cannot be read: {error}",
            remedy="run `drkit prepare` once; or check the outside location",
        ) from error
    store = OutsideStore(world, plan)
    left, opened = left_generations(store, region), _numbers(region, epoch.opened)
    passing = {n: each for n, each in left.items() if each.passing is not None and n not in opened}
    return Generations(
        built=_numbers(region, [*stacks, *stacks_with_copies(world, plan)]),
        opened=opened,
        left={number: each for number, each in left.items() if each.passing is None},
        passing=passing,
        forgotten=highest_validated(store, region),
    )


def choose_generation(world: World, plan: Plan, region: str, epoch: Epoch) -> int:
    """The one that a new run builds. Raises as :func:`known_generations`."""
    return known_generations(world, plan, region, epoch).due


def _numbers(region: str, names: Iterable[str]) -> frozenset[int]:
    """The generations among names such as ``eu-central-1.g2`` that are of ``region``."""
    parts = [name.rpartition(".g") for name in names]
    return frozenset(
        int(number) for site, _, number in parts if site == region and number.isdecimal()
    )
