"""How long a step waits before a further try: ever longer, and never two steps at one moment."""

from __future__ import annotations

from datetime import timedelta

from tenacity import RetryCallState, Retrying, wait_random_exponential

_WAIT = wait_random_exponential(multiplier=2, max=60)
"""Seconds: anything up to 2, 4, 8, … 60 ("full jitter": AWS Architecture Blog, 2015)."""


def pause(made: int) -> timedelta:
    """The pause after ``made`` tries."""
    state = RetryCallState(Retrying(), None, (), {})
    state.attempt_number = made
    return timedelta(seconds=_WAIT(state))
