"""What a third party answers a host, however oddly."""

from __future__ import annotations

import http.client
import urllib.request
from typing import Any

import pytest

from tests.unit.recovery.loading import load

ENDPOINTS = load("plugins/modules/endpoints.py")


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        (http.client.BadStatusLine("SSH-2.0-OpenSSH_9.2"), "SSH-2.0-OpenSSH_9.2"),
        (http.client.IncompleteRead(b""), "IncompleteRead"),
        (http.client.HTTPException(), "HTTPException"),
        (ConnectionRefusedError("refused"), "refused"),
    ],
)
def test_an_odd_answer_is_one(monkeypatch: pytest.MonkeyPatch, odd: Exception, said: str) -> None:
    def answer(*_: Any, **__: Any) -> None:
        raise odd

    monkeypatch.setattr(urllib.request.OpenerDirector, "open", answer)
    heard = ENDPOINTS.ask("https://card-a.example", 1)
    assert heard["status"] == 0
    assert said in heard["said"]


@pytest.mark.parametrize("url", ["http://card a.example", "http://card-a.example:port", "card-a"])
def test_what_is_no_address_is_not_reached(url: str) -> None:
    heard = ENDPOINTS.ask(url, 1)
    assert heard["status"] == 0
    assert heard["said"]
