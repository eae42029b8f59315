"""The mark of a host: what may follow what, and what is never forgotten."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.recovery.loading import load

MARK = load("plugins/modules/mark.py")
OPENED = MARK.EMPTY | {"run": "r1", "opened": "2026-01-01T00:00:00Z", "epoch": 4}
NOW = "2026-02-01T00:00:00Z"


def after(mark: dict[str, Any], act: str) -> dict[str, Any]:
    made: dict[str, Any] = MARK.wanted(mark, {"act": act}, NOW)
    return made


def test_what_was_closed_and_is_given_back_is_as_it_was() -> None:
    closed = after(OPENED, "close")
    assert closed["closed"] == NOW
    assert after(closed, "reopen") == OPENED
    assert after(OPENED, "reopen") == OPENED


def test_a_host_that_was_never_opened_is_given_back_to_nobody() -> None:
    with pytest.raises(ValueError, match="only a cutover opens it"):
        after(MARK.EMPTY | {"run": "r1"}, "reopen")
