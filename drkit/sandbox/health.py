"""What Route 53's health checkers find: a stand-in for them, of one place instead of many.

Each check of moto's Route 53 is looked at over the network as a stranger would, so that a lost
region is felt, and what is not open to everybody is refused. It looks each second instead of every
10 or 30; how many looks in a row change its mind is the check's own. Refuses to judge what is no
check of an HTTP address: that counts as well.
"""

from __future__ import annotations

import http.client
import logging
import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from drkit.sandbox import addresses

EVERY: Final = 1.0
PATIENCE: Final = 2.0
"""Seconds in which an endpoint must answer, as in AWS after it has let one in."""
KINDS: Final = ("HTTP", "HTTPS")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Standing:
    """What is believed of an endpoint, and how many looks in a row have spoken against it."""

    well: bool = True
    against: int = 0

    def after(self, *, answered: bool, threshold: int) -> Standing:
        """What is believed after one more look; ``threshold`` looks in a row change it."""
        if answered == self.well:
            return Standing(self.well)
        if self.against + 1 >= threshold:
            return Standing(answered)
        return Standing(self.well, self.against + 1)


class HealthChecks:
    """The checks by id, as the checkers see them."""

    def __init__(
        self,
        checks: Callable[[], tuple[Any, ...]],
        answers: Callable[[Any], bool],
    ) -> None:
        """``checks`` gives moto's, ``answers`` looks once whether the endpoint of one answers."""
        self._checks = checks
        self._answers = answers
        self._standings: dict[str, Standing] = {}

    def healthy(self, identity: str) -> bool:
        """Whether Route 53 counts it as healthy; one that is not there counts so too."""
        for check in self._checks():
            if check.id == identity and not check.disabled:
                return self._standings.get(identity, Standing()).well != bool(check.inverted)
        return True

    def look(self) -> None:
        """Look at every endpoint once, at all of them side by side."""
        checks = [check for check in self._checks() if check.type_ in KINDS]
        with ThreadPoolExecutor(max(1, len(checks))) as pool:
            answered = list(pool.map(self._answers, checks))
        self._standings = {
            check.id: self._standings.get(check.id, Standing()).after(
                answered=found, threshold=int(check.failure_threshold)
            )
            for check, found in zip(checks, answered, strict=True)
        }

    def begin(self) -> None:
        """Look from now on, in a thread of its own."""
        threading.Thread(target=self._keep_looking, name="health", daemon=True).start()

    def _keep_looking(self) -> None:
        while True:
            try:
                self.look()
            except Exception:
                # moto's tables may change while they are read; the next look sees them whole
                log.exception("could not look at the health checks; trying again")
            time.sleep(EVERY)


def route53_checks() -> tuple[Any, ...]:
    """The health checks of the account."""
    from moto.route53.models import route53_backends

    return tuple(route53_backends[addresses.ACCOUNT]["aws"].health_checks.values())


def answers(check: Any) -> bool:
    """Whether the endpoint of a check answers 2xx or 3xx. No certificate is verified, as in AWS."""
    target = check.ip_address or addresses.fixed_names().get(check.fqdn)
    if target is None:
        return False
    line = _connection(target, int(check.port), secure=check.type_ == "HTTPS")
    try:
        line.request("GET", check.resource_path or "/", headers={"Host": check.fqdn or target})
        return line.getresponse().status < http.client.BAD_REQUEST
    except (OSError, http.client.HTTPException):
        return False
    finally:
        line.close()


def _connection(target: str, port: int, *, secure: bool) -> http.client.HTTPConnection:
    if not secure:
        return http.client.HTTPConnection(target, port, timeout=PATIENCE)
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    return http.client.HTTPSConnection(target, port, timeout=PATIENCE, context=trust)
