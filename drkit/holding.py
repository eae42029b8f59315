"""Having a site for oneself while a command works on it: on this machine, and of all machines.

Here the kernel's lock on a file decides; outside a lease, with the journals of the site's runs
brought along, so that what is decided next is decided by what anybody has recorded.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from drkit.compose import Around
from drkit.engine.loop import Stop
from drkit.model.plan import Plan
from drkit.model.wish import Wish
from drkit.operating import operator
from drkit.ports import World

if TYPE_CHECKING:
    from drkit.adapters.held import Held
    from drkit.adapters.lease import Found
    from drkit.adapters.outside_store import OutsideStore

PATIENCE = timedelta(seconds=15)
"""How long a record in another run's journal may take on its way outside."""


def hold_site(wish: Wish) -> AbstractContextManager[None]:
    """Have a site for oneself on this machine, if it is one. Raises RunBusy on entering."""
    from drkit.adapters.runs_folder import RunsFolder

    if wish.region not in wish.plan.sites:
        return nullcontext()
    return RunsFolder(wish.plan.root).hold(wish.region)


@dataclass(frozen=True, slots=True, kw_only=True)
class Free:
    """A site that nobody else works on, as it was seen by a look that wrote nothing."""

    store: OutsideStore
    root: Path
    region: str
    found: Found | None


def look_outside(around: Around) -> Free | None:
    """See that no other place works on a site, and bring the journals of its runs here. None for a
    region that is no site. Raises RunBusy, ConfigurationError, JournalDamaged.
    """
    plan, region = around.wish.plan, around.wish.region
    return look_at_site(plan, around.world, region) if region in plan.sites else None


def look_at_site(plan: Plan, world: World, region: str) -> Free:
    """The same for any command that works on a site of ``plan``."""
    from drkit.adapters.journal_copies import bring_newest
    from drkit.adapters.lease import free_for, place_of
    from drkit.adapters.outside_store import OutsideStore
    from drkit.adapters.runs_folder import RunsFolder

    store = OutsideStore(world, plan)
    found = free_for(store, region, place_of(plan.root))
    bring_newest(store, RunsFolder(plan.root), region)
    return Free(store=store, root=plan.root, region=region, found=found)


def also_from_afar(stop: Callable[[], Stop], *sites: Held) -> Callable[[], Stop]:
    """What the person here asks for, or somebody elsewhere: ``drkit abort``, a takeover."""
    return lambda: Stop.NOW if any(held.abort_asked for held in sites) else stop()


def hold_outside(free: Free) -> Held:
    """Have a site for oneself, of all machines: a context manager. Raises RunBusy if somebody was
    faster since it was looked at; so what was decided by that look still holds.
    """
    from drkit.adapters.held import Held
    from drkit.adapters.lease import holder_here, take
    from drkit.adapters.owner import Owner

    here = holder_here(free.root, region=free.region, operator=operator())
    return Held(free.store, take(free.store, here, free.found), Owner(free.root))
