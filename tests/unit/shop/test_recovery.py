"""Ids as people and ledgers write them, against what a table can hold."""

from __future__ import annotations

import uuid

from hypothesis import given
from hypothesis import strategies as st

from shop.recovery import _key

ANYTHING = st.none() | st.text() | st.integers() | st.floats() | st.lists(st.integers())


@given(st.sampled_from(("orders", "shipments", "tickets")), ANYTHING)
def test_rubbish_is_the_name_of_nothing_and_breaks_nothing(kind: str, rubbish: object) -> None:
    key = _key(kind, rubbish)
    assert key is None or (isinstance(key, int) and 0 < key < 2**63) or uuid.UUID(str(key))


@given(st.integers(1, 2**63 - 1))
def test_a_number_is_found_however_it_is_written(number: int) -> None:
    assert _key("orders", number) == _key("orders", str(number)) == number


@given(st.uuids())
def test_a_ticket_is_found_however_it_is_written(ticket: uuid.UUID) -> None:
    assert _key("tickets", str(ticket).upper()) == _key("tickets", ticket.hex) == str(ticket)
