"""A question asked in a thread of its own, for whose answer nobody waits longer than they want."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from datetime import timedelta
from typing import Generic, TypeVar

T = TypeVar("T")


class Asked(Generic[T]):
    """Asked at once; several may want the answer."""

    def __init__(self, ask: Callable[[], T]) -> None:
        self._heard: Future[T] = Future()
        # a daemon: where nobody answers, neither the caller nor the end of drkit waits for it
        threading.Thread(target=self._listen, args=(ask,), daemon=True).start()

    def answer(self, within: timedelta) -> T:
        """What was answered, or raised. Raises TimeoutError after ``within``."""
        try:
            return self._heard.result(timeout=max(within.total_seconds(), 0))
        except TimeoutError as error:
            if self._heard.done():  # it is what was answered
                raise
            raise TimeoutError(f"no whole answer within {within.total_seconds():g} s") from error

    def _listen(self, ask: Callable[[], T]) -> None:
        try:
            self._heard.set_result(ask())
        except BaseException as error:  # noqa: BLE001 - raised where the answer is wanted
            self._heard.set_exception(error)
