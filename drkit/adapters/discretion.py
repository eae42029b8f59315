"""Keeps secrets out of what is said: tools repeat what they were given when they fail.

Decides what is a secret of a try and how it is left out. Refuses nothing and finds nothing that it
does not know: a secret that a tool has changed (encoded, cut) is not found.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TextIO

from drkit.ports import Context

_HIDDEN = "[secret]"
_SHORTEST = 6


def secrets_of(context: Context) -> tuple[str, ...]:
    """All that no message of the try may hold. Very short ones stay: they are also words."""
    world = context.world
    found = [world.secret, *context.vault.values()]
    if world.token is not None:
        found.append(world.token)
    for purposes in context.identities.values():
        found += [parts["secret"] for parts in purposes.values() if "secret" in parts]
    return tuple(s.reveal() for s in found if len(s.reveal()) >= _SHORTEST)


def discreet(text: str, secrets: tuple[str, ...]) -> str:
    """``text`` without the secrets.

    Bytes that were no UTF-8 become ``?``: Python keeps them as surrogates, which no file takes.
    """
    text = text.encode(errors="replace").decode()
    # the longest first: one that is the beginning of another would leave the other's end
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, _HIDDEN)
    return text


def holding(value: object, secrets: tuple[str, ...], place: str) -> str | None:
    """The place in a JSON value, ``place`` itself or below it, whose text holds a secret."""
    if isinstance(value, str):
        return place if any(secret in value for secret in secrets) else None
    parts: list[tuple[object, object]] = []
    if isinstance(value, Mapping):
        parts = list(value.items())
    elif isinstance(value, list | tuple):
        parts = list(enumerate(value))
    found = (holding(part, secrets, f"{place}.{name}") for name, part in parts)
    return next((at for at in found if at is not None), None)


class Discreet(io.TextIOBase):
    """A log that knows the secrets of the run and leaves them out, whatever is printed."""

    def __init__(self, log: TextIO, secrets: tuple[str, ...]) -> None:
        self._log = log
        self._secrets = secrets

    def write(self, text: str) -> int:
        self._log.write(discreet(text, self._secrets))
        return len(text)

    def flush(self) -> None:
        self._log.flush()

    def writable(self) -> bool:
        return True
