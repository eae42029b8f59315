"""What a visit tells of hosts and of steps of which not all went well."""

from __future__ import annotations

import time
from concurrent.futures import Future
from pathlib import Path

import pytest

from drkit import visiting
from drkit.adapters import reach
from drkit.errors import StepError
from drkit.reporting.readiness.hosts import Uncompared
from tests.integration.attempts.trying import context

SECRET = "hunter2-of-the-database"  # of the vault in trying.py


def test_what_ssh_says_of_a_host_is_told_without_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(*_: object, **__: object) -> None:
        raise StepError(f"one: no route for {SECRET} (nor two)", remedy="")

    monkeypatch.setattr(reach, "wait_for_hosts", nobody)
    known = context(tmp_path)
    (known.folder / "reached").mkdir()
    (known.folder / "reached" / "two").touch()
    told = visiting._silent(known, ["one", "two"])
    assert told == {"one": "one: no route for [secret]"}


@pytest.mark.parametrize("error", [TypeError(f"odd {SECRET}"), StepError(SECRET, remedy="mend it")])
def test_whatever_one_step_raises_is_told_of_that_step_alone(error: Exception) -> None:
    raised: Future[str] = Future()
    raised.set_exception(error)
    told = visiting._heard(raised, "payment", time.monotonic(), "late", (SECRET,))
    assert isinstance(told, Uncompared)
    assert told.step == "payment"
    assert "[secret]" in told.why
    assert SECRET not in told.why
    assert told.remedy


def test_what_is_late_is_told_as_late() -> None:
    never: Future[str] = Future()
    told = visiting._heard(never, "payment", time.monotonic(), "no answer within 9s", ())
    assert isinstance(told, Uncompared)
    assert told.why == "no answer within 9s"
