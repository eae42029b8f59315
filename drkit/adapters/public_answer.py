"""What a customer gets who asks for the public name, or for another, now. Asked, and never for
long.
"""

from __future__ import annotations

import ssl
import sys
from dataclasses import dataclass
from datetime import timedelta

from drkit.adapters.asked import Asked
from drkit.model.plan import Plan
from drkit.ports import World

_WITHIN = timedelta(seconds=5)
"""For the whole of the answer: a site that is half dead may drip for minutes."""
_CONNECTED_WITHIN = timedelta(seconds=2)
"""A lost region drops every packet; one that only is slow accepts the connection all the same."""
_BROKEN = 500
"""From this status on, whoever answers says that they cannot serve."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """``healthy``: a customer is served. Any trouble at all is a no."""

    said: str
    healthy: bool


def public_answer(plan: Plan, world: World) -> Answer:
    """Ask for the front page, by the customers' DNS. Takes 5 s at the most, 2 s where nobody is."""
    return answer_at(f"https://{plan.dns.name}", world)


def answer_at(address: str, world: World, *, within: timedelta = _WITHIN) -> Answer:
    """The same of any address, as ``https://card-a.example``; ``within`` for the whole of it."""
    try:
        return Asked(lambda: _ask(address, world)).answer(within)
    except TimeoutError as error:
        return Answer(said=str(error), healthy=False)


def _ask(address: str, world: World) -> Answer:
    # httpx 0.28 would read rich and pygments for a command line of its own, 0.12 s of a core
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # how one is kept away
    import httpx

    from drkit.adapters.resolving import client, transport

    try:
        way = transport(world.resolver, world.ca)
        with client(way, address=address, limit=_WITHIN, connect=_CONNECTED_WITHIN) as http:
            status = http.get("/").status_code
    except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError) as error:
        return Answer(said=f"no answer ({error})", healthy=False)
    if status >= _BROKEN:
        return Answer(said=f"answers with {status}, an error", healthy=False)
    return Answer(said=f"answers with {status}", healthy=True)
