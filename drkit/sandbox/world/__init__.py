"""The world outside every region: two card providers, a carrier, a mailbox, and the customers.

Each keeps a ledger that no loss of a region touches, so that what a shop lost can be told by
somebody else. They judge nothing about the shop: they write down what they were asked and answer
as a partner would.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import click

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

NAMES = ("card-a", "card-b", "carrier", "mailbox")


def apps(folder: Path | None = None, *, latency: timedelta = timedelta()) -> dict[str, Wsgi]:
    """Name → WSGI application. Ledgers are files in ``folder`` (default: ``world`` in the
    sandbox's folder); every answer takes at least ``latency``."""
    from drkit.sandbox.folder import Folder
    from drkit.sandbox.world import card, carrier, mailbox
    from drkit.sandbox.world.ledger import Ledger

    makers = {"card-a": card, "card-b": card, "carrier": carrier, "mailbox": mailbox}
    books = folder or Folder.chosen().path / "world"
    books.mkdir(mode=0o700, parents=True, exist_ok=True)
    return {
        name: makers[name].app(Ledger(books / f"{name}.sqlite"), latency=latency) for name in NAMES
    }


def __getattr__(name: str) -> click.Command:
    # The load generator imports an HTTP client; the applications and --help do without.
    if name == "load_command":
        from drkit.sandbox.world.load import load_command

        return load_command
    raise AttributeError(name)
