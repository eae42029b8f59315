"""The card provider as the shop sees it: a key has one outcome, for good.

Captured, declined or void: whichever comes first stays. So a capture that was asked for and never
answered is settled by voiding its key: either the provider says that it was captured before, or
it never will be.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from shop.outside import Outside, Unanswered


class Outcome(StrEnum):
    CAPTURED = "captured"
    DECLINED = "declined"
    VOID = "void"


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What became of a key. ``id`` and ``at`` (UTC, ISO) are the provider's, of a capture."""

    outcome: Outcome
    id: str | None = None
    at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """What is to be captured, or was: known by the order's one key."""

    order: int
    key: str
    amount_cents: int
    currency: str
    proof: str | None


class CardProvider:
    """Each call raises :class:`shop.fence.Refused`, or :class:`Unanswered` where the effect is
    unknown, and is safe to repeat."""

    def __init__(self, url: str, outside: Outside) -> None:
        self._url = url
        self._outside = outside

    def capture(self, due: Sum, card: str) -> Charge:
        return self._ask(
            "captures",
            {
                "order": due.order,
                "key": due.key,
                "amount_cents": due.amount_cents,
                "currency": due.currency,
                "card": card,
            },
            due.proof,
        )

    def void(self, due: Sum) -> Charge:
        """Make sure that nothing is captured with this key from now on, and learn what was."""
        return self._ask("voids", {"order": due.order, "key": due.key}, due.proof)

    def refund(self, due: Sum) -> tuple[str, str]:
        """Give all of a capture back. The refund's id and time, the same at each repeat."""
        status, told = self._outside.post(
            f"{self._url}/refunds", {"order": due.order, "key": due.key}, proof=due.proof
        )
        if status not in (200, 201):
            raise Unanswered(f"refund of order {due.order}: status {status}")
        return str(told["id"]), str(told["at"])

    def _ask(self, what: str, body: dict[str, Any], proof: str | None) -> Charge:
        status, told = self._outside.post(f"{self._url}/{what}", body, proof=proof)
        if told.get("state") not in set(Outcome):
            raise Unanswered(f"{what} of order {body['order']}: status {status}")
        return charge(told)


def charge(told: dict[str, Any]) -> Charge:
    return Charge(outcome=Outcome(told["state"]), id=told.get("id"), at=told.get("at"))
