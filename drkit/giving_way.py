"""What is not urgent gives way: a validation, or a standby that is brought up, ends when a rebuild
of its site is wanted.

Asked as ``drkit abort`` asks, and waited for. A validation that gives no sign of life is put out of
its lease: it has nothing to protect, and what it built is nobody's. A standby is not: the rebuild
would build on with what may still work there. Nothing else is ever asked to end. Who brings a
standby up while nobody is served is told of the rebuild; to be refused would win nothing.
"""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from typing import TYPE_CHECKING

from drkit.errors import ConfigurationError, RunBusy
from drkit.model.step import RunKind
from drkit.model.wish import Wish
from drkit.operating import operator
from drkit.ports import World

if TYPE_CHECKING:
    from drkit.adapters.lease import Found
    from drkit.adapters.outside_store import OutsideStore

PATIENCE = timedelta(seconds=45)
"""From the word to the end: one sign of life, the tries' own ends, and the report."""
_LOOK = timedelta(milliseconds=500)
_LOG = logging.getLogger(__name__)


def rehearsal_ended(wish: Wish) -> bool:
    """Have the validation or standby end that works on the site of ``wish``, a rebuild; whether one
    was asked to.

    False, too, where the outside location does not say who works there.
    """
    from drkit.adapters.held import ABORT
    from drkit.adapters.lease import ask_of, read_lease
    from drkit.adapters.outside_store import OutsideStore
    from drkit.adapters.worlds import open_world

    if wish.kind is not RunKind.REBUILD:
        return False
    try:
        store = OutsideStore(open_world(wish.plan), wish.plan)
        found = read_lease(store, wish.region)
        kind = _gives_way(found, wish.region) if found is not None else None
        if found is None or kind is None:
            return False
        run = found.holder.run
        _LOG.warning("%s works on %s: it is asked to end, for this rebuild", run, wish.region)
        gone = not ask_of(store, found, ABORT) or _gone(store, found, wish)
        if not gone and kind is RunKind.VALIDATE:
            _put_out(store, found, wish)
    except ConfigurationError as error:
        _LOG.warning("whether a validation is in the way cannot be looked up: %s", error)
        return False
    return True


def say_nobody_is_served(wish: Wish, world: World) -> None:
    """Tell who brings a standby up while customers are not served what would bring them back."""
    from drkit.adapters.public_answer import public_answer

    if wish.kind is not RunKind.STANDBY:
        return
    answer = public_answer(wish.plan, world)
    if not answer.healthy:
        _LOG.warning(
            "%s %s: a standby brings nobody back; `drkit rebuild --region %s` does, and goes on"
            " from this one",
            wish.plan.dns.name,
            answer.said,
            wish.region,
        )


def _gives_way(found: Found, region: str) -> RunKind | None:
    """The kind of run that has the site, if it is one that gives way."""
    from drkit.adapters.runs_folder import kind_of

    kind = "" if found.holder.released else kind_of(found.holder.run, region)
    return next((one for one in (RunKind.VALIDATE, RunKind.STANDBY) if one == kind), None)


def _gone(store: OutsideStore, found: Found, wish: Wish) -> bool:
    """Whether it gave lease and lock back before the patience was over."""
    from drkit.adapters.lease import read_lease

    end = time.monotonic() + PATIENCE.total_seconds()
    while time.monotonic() < end:
        now = read_lease(store, wish.region)
        free = now is None or now.holder.released or now.holder.token != found.holder.token
        if free and _lock_is_free(wish):
            return True
        time.sleep(_LOOK.total_seconds())
    return False


def _lock_is_free(wish: Wish) -> bool:
    from drkit.adapters.runs_folder import RunsFolder

    try:
        with RunsFolder(wish.plan.root).hold(wish.region):
            return True
    except RunBusy:
        return False


def _put_out(store: OutsideStore, found: Found, wish: Wish) -> None:
    """Take the lease of one that does not obey; a later owner finds it to be this place's. Raises
    RunBusy where it has moved.
    """
    from drkit.adapters.lease import holder_here, take_over

    reason = "a rebuild of its site begins, and it did not end when it was asked to"
    here = holder_here(wish.plan.root, region=wish.region, operator=operator(), reason=reason)
    take_over(store, found, here)
