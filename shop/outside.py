"""A call to somebody who is not this shop: the card provider, the carrier, the mailbox.

The fence is asked before each call. Not answered is not refused: the other side may have done it,
so the caller keeps its key and asks again with the same one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import requests

from shop.fence import Fence

_LIMIT = (2.0, 5.0)
"""Seconds to connect, and to wait for each part of the answer."""


class Unanswered(Exception):
    """It is not known whether the other side did what it was asked."""


class Outside:
    def __init__(self, fence: Fence, *, bearer: str = "") -> None:
        self._fence = fence
        self._headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}

    def post(
        self, url: str, body: Mapping[str, Any], *, proof: str | None
    ) -> tuple[int, dict[str, Any]]:
        """Status below 500 and the JSON object of the answer.

        ``proof`` goes along in the body, so that the other side's ledger leaves it out. Raises
        :class:`shop.fence.Refused` before anything is sent, :class:`Unanswered` after.
        """
        self._fence.ask(proof)
        return send(url, {**body, "proof": proof}, headers=self._headers)


def send(
    url: str, body: Mapping[str, Any], *, headers: Mapping[str, str] | None = None
) -> tuple[int, dict[str, Any]]:
    """POST ``body`` as JSON; as :meth:`Outside.post`, for a service on this host: no fence."""
    try:
        answer = requests.post(url, json=dict(body), headers=dict(headers or {}), timeout=_LIMIT)
        told = answer.json()
    except (requests.RequestException, ValueError) as error:
        raise Unanswered(f"{url}: {type(error).__name__}") from error
    if answer.status_code >= 500 or not isinstance(told, dict):
        raise Unanswered(f"{url}: status {answer.status_code}")
    return answer.status_code, told
