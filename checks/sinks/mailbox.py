"""A mailbox in a drill: takes mails for everybody, each key once, and delivers them to nobody."""

from __future__ import annotations

from typing import Any


def answer(asked: Any, earlier: Any) -> tuple[int, Any]:
    if (asked.method, asked.path) != ("POST", "/mails"):
        return 404, {"error": f"a mailbox does not know {asked.method} {asked.path}"}
    told: dict[str, Any] = {n: asked.take(n, str) for n in ("key", "to", "subject", "text")}
    if before := earlier.answer_about(told["key"], "/mails"):
        return 200, before
    told |= {name: asked.body.get(name) for name in ("order", "ticket", "proof")}
    return 201, {**told, "kind": "mail", "id": f"mai_{len(earlier) + 1:08d}"}
