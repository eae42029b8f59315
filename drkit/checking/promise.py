"""What a ledger file speaks in: the books of a third party, and the promises found in them.

A provider's books outlive every region, so they say what customers were promised when the shop's
own data cannot. Reading is all that is done here: nothing is ever written to a provider.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from drkit.model.quantities import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """Something a customer was told is done: an order paid, a parcel on its way, an answer sent."""

    id: str
    """What the shop knows it by: an order's number, a parcel's, a ticket's."""
    at: datetime
    """When it was promised, aware UTC: the commit time that an achieved RPO is measured to."""
    what: str
    """In a person's words, for the list of what is missing."""
    amount: Money | None = None


class Books(Protocol):
    """A provider as a ledger file sees it."""

    @property
    def name(self) -> str:
        """The provider's name in the plan."""

    def read(self, path: str) -> object:
        """The JSON value at ``path`` of the provider's endpoint.

        Raises StepError where the provider does not answer, or not with 200 and JSON.
        """
