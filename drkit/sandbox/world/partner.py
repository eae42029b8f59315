"""What every partner has in common: a ledger that can be read, a delay, errors in JSON."""

from __future__ import annotations

import hashlib
import time
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import cattrs
from flask import Flask, Response, request
from flask.typing import ResponseReturnValue

from drkit.sandbox.world.ledger import Ledger

T = TypeVar("T")
_CONVERTER = cattrs.Converter()


def partner(name: str, ledger: Ledger, *, latency: timedelta) -> Flask:
    """An application with ``GET /ledger`` and ``GET /health``.

    Half of ``latency`` passes before a POST is looked at and half before its answer leaves, as on
    a network: a caller that dies in the second half was served and never heard of it.
    """
    app = Flask(name)
    half = latency.total_seconds() / 2

    def pass_time() -> None:
        if request.method == "POST":
            time.sleep(half)

    def leave(answer: Response) -> Response:
        pass_time()
        return answer

    def read() -> ResponseReturnValue:
        entries = ledger.entries(_since(request.args.get("since")))
        return {"entries": [entry.json() for entry in entries]}

    def wrong(error: cattrs.BaseValidationError) -> ResponseReturnValue:
        return {"error": "; ".join(cattrs.transform_error(error))}, 400

    app.before_request(pass_time)
    app.after_request(leave)
    app.register_error_handler(cattrs.BaseValidationError, wrong)
    app.register_error_handler(ValueError, lambda error: ({"error": str(error)}, 400))
    app.add_url_rule("/ledger", "ledger", read)
    app.add_url_rule("/health", "health", lambda: {"partner": name})
    return app


def asked(kind: type[T]) -> T:
    """The body of the request as ``kind``. Raises cattrs' errors, which are answered with 400."""
    return _CONVERTER.structure(request.get_json(), kind)


def caller() -> str | None:
    """Which API key the request came with: a fingerprint, so that the ledger holds no secret."""
    header = request.headers.get("Authorization", "")
    return hashlib.sha256(header.encode()).hexdigest()[:12] if header else None


def _since(given: str | None) -> datetime | None:
    if not given:
        return None
    try:
        # a + that nobody encoded arrives as a space
        since = datetime.fromisoformat(given.replace(" ", "+"))
    except ValueError as error:
        raise ValueError(f"since={given!r} is no time of ISO 8601") from error
    return since if since.tzinfo else since.replace(tzinfo=UTC)
