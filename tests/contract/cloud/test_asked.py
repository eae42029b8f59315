"""A question whose answer several want, and nobody waits for longer than they want."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from drkit.adapters.asked import Asked
from drkit.errors import ConfigurationError

LONG = timedelta(seconds=30)


def test_an_answer_is_told_to_everyone_who_asks_for_it() -> None:
    asked = Asked(lambda: "yes")
    assert [asked.answer(LONG), asked.answer(timedelta(0))] == ["yes", "yes"]


def test_what_was_raised_is_raised_where_the_answer_is_wanted() -> None:
    def refuse() -> str:
        raise ConfigurationError("no")

    asked = Asked(refuse)
    for _ in range(2):
        with pytest.raises(ConfigurationError, match="no"):
            asked.answer(LONG)


def test_who_drips_is_not_waited_for() -> None:
    answers = threading.Event()
    asked = Asked(answers.wait)
    with pytest.raises(TimeoutError, match=r"no whole answer within 0\.01 s"):
        asked.answer(timedelta(milliseconds=10))
    with pytest.raises(TimeoutError):
        asked.answer(timedelta(seconds=-1))
    answers.set()
    assert asked.answer(LONG)


def test_a_time_out_that_was_answered_keeps_its_words() -> None:
    def late() -> str:
        raise TimeoutError("the region is lost")

    asked = Asked(late)
    with pytest.raises(TimeoutError, match="the region is lost"):
        asked.answer(LONG)
