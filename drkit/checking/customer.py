"""A customer who knows nothing of the shop but its name, and says which step went wrong.

Journeys are the proof that a business process works, so an unexpected answer is never passed over:
each request names its step and the status that it expects, and anything else ends the journey with
the step, the status and the body.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from drkit.adapters.resolving import Certificate, client, transport
from drkit.checking.site import Site
from drkit.model.step import Route

PROOF_HEADER = "X-Drkit-Proof"
_CLOSED = 503
"""What a closed edge answers to all but the holder of the run's certificate."""
_SHOWN = 500
"""Characters of an answer that a failure shows."""


class JourneyBroken(AssertionError):
    """A step of a journey did not go as a customer must be able to expect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    step: str
    status: int
    text: str
    headers: Mapping[str, str]
    seconds: float
    content: bytes = b""

    @property
    def json(self) -> Any:
        """The body as a JSON value. Raises :class:`JourneyBroken` where it is none."""
        try:
            return httpx.Response(self.status, content=self.content).json()
        except ValueError as error:
            raise JourneyBroken(
                f"step {self.step!r}: the answer is no JSON: {self.text[:_SHOWN]!r}"
            ) from error


class Customer:
    """An HTTPS client of the shop with a memory (cookies) and a voice (steps)."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def get(self, path: str, *, step: str, expect: int = 200) -> Reply:
        """Ask for ``path``. Raises :class:`JourneyBroken` for any status but ``expect``."""
        return self._send(self._http.build_request("GET", path), step=step, expect=expect)

    def post(
        self,
        path: str,
        *,
        step: str,
        body: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        expect: int = 200,
    ) -> Reply:
        """Send ``body`` as JSON. Raises :class:`JourneyBroken` for any status but ``expect``."""
        request = self._http.build_request("POST", path, json=body or {}, headers=headers)
        return self._send(request, step=step, expect=expect)

    def leave(self) -> None:
        """Forget the session: the next step is a stranger's."""
        self._http.cookies.clear()

    def close(self) -> None:
        """End the connections."""
        self._http.close()

    def _send(self, request: httpx.Request, *, step: str, expect: int) -> Reply:
        what = f"step {step!r}: {request.method} {request.url.raw_path.decode()}"
        try:
            response = self._http.send(request)
        except httpx.HTTPError as error:
            raise JourneyBroken(
                f"{what} was not answered by {request.url.host}: {type(error).__name__}: {error}"
            ) from error
        if response.status_code != expect:
            shown = response.text[:_SHOWN]
            raise JourneyBroken(f"{what} answered {response.status_code}, not {expect}: {shown}")
        return Reply(
            step=step,
            status=response.status_code,
            text=response.text,
            headers=response.headers,
            seconds=response.elapsed.total_seconds(),
            content=response.content,
        )


def arrive(site: Site) -> Customer:
    """A customer of ``site``, marked as a proof of its run.

    By :attr:`Route.OVERRIDE` the public name leads to the site's entrance, whatever the DNS says;
    by :attr:`Route.DNS` only the DNS is asked, and the site must be open to anybody. Raises
    :class:`JourneyBroken` where it is not, LookupError where the site has no entrance, OSError
    where the run's certificate is missing.
    """
    override = {}
    if site.route is Route.DNS:
        _must_be_open(site)
    elif site.entrance is None:
        raise LookupError(
            f"no host of group {site.jump!r} of {site.target.name} has a public address"
        )
    else:
        override[httpx.URL(_address(site)).host] = str(site.entrance.public)
    certificate = Certificate(certificate=site.folder / "proof.crt", key=site.folder / "proof.key")
    way = transport(site.resolver, site.ca, override=override, certificate=certificate)
    return Customer(client(way, address=_address(site), headers={PROOF_HEADER: site.run}))


def _must_be_open(site: Site) -> None:
    """Ask once as everybody else does: the run's certificate opens a closed site, so a journey
    that carries it says nothing about whether customers come in.
    """
    with client(transport(site.resolver, site.ca), address=_address(site)) as anybody:
        what = f"step 'arrive as anybody': GET {_address(site)}/"
        try:
            status = anybody.get("/").status_code
        except httpx.HTTPError as error:
            raise JourneyBroken(
                f"{what} was not answered: {type(error).__name__}: {error}"
            ) from error
    if status == _CLOSED:
        raise JourneyBroken(f"{what} answered {status}: the site is closed to customers")


def _address(site: Site) -> str:
    return f"https://{site.public_name}"
