"""What a customer gets who asks for the public name now. Asked, and never for long."""

from __future__ import annotations

import ssl
import threading
from dataclasses import dataclass
from datetime import timedelta

from drkit.model.plan import Plan
from drkit.ports import World

_WITHIN = timedelta(seconds=5)
"""For the whole of the answer: a site that is half dead may drip for minutes."""
_CONNECTED_WITHIN = timedelta(seconds=2)
"""A lost region drops every packet; one that only is slow accepts the connection all the same."""
_BROKEN = 500
"""From this status on, the shop itself says that it cannot serve."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """``healthy``: a customer is served. Any trouble at all is a no."""

    said: str
    healthy: bool


def public_answer(plan: Plan, world: World) -> Answer:
    """Ask for the front page, by the customers' DNS. Takes 5 s at the most, 2 s where nobody is."""
    heard: list[Answer] = []
    # a daemon: where the site drips, nobody waits for the end of it, nor does the end of drkit
    asking = threading.Thread(target=lambda: heard.append(_ask(plan, world)), daemon=True)
    asking.start()
    asking.join(_WITHIN.total_seconds())
    if not heard:
        return Answer(said=f"no whole answer within {_WITHIN.total_seconds():g} s", healthy=False)
    return heard[0]


def _ask(plan: Plan, world: World) -> Answer:
    import httpx

    from drkit.adapters.resolving import client, transport

    try:
        way = transport(world.resolver, world.ca)
        address = f"https://{plan.dns.name}"
        with client(way, address=address, limit=_WITHIN, connect=_CONNECTED_WITHIN) as http:
            status = http.get("/").status_code
    except (httpx.HTTPError, ssl.SSLError, OSError) as error:
        return Answer(said=f"no answer ({error})", healthy=False)
    if status >= _BROKEN:
        return Answer(said=f"answers with {status}, an error", healthy=False)
    return Answer(said=f"answers with {status}", healthy=True)
