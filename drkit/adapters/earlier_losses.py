"""Which promises an earlier rebuild had lost already.

They are missing from the provider's point of view for as long as nobody makes them good, and no
later run has lost them: a planned move, or the next disaster, would else be charged with them, and
its recovery point be weeks old.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

from drkit.adapters.earlier_rebuilds import EarlierRebuilds
from drkit.adapters.outside_store import OutsideStore
from drkit.model.plan import Plan
from drkit.ports import World
from drkit.reporting.losses import lost_by

_BACK = 10
"""So many rebuilds are looked at: each tells what those before it had lost, and customers wait."""


def lost_before(world: World, plan: Plan, ledger: str, *, run: str) -> Mapping[str, str]:
    """Promise of ``ledger`` → the rebuild before ``run`` that lost it.

    By the journals here and outside. Raises ConfigurationError where the outside does not answer.
    """
    found: dict[str, str] = {}
    earlier = EarlierRebuilds(OutsideStore(world, plan), plan).rebuilds_before(run)
    for name, records in islice(earlier, _BACK):
        found |= lost_by(records, ledger, run=name)
    return found
