"""A tool's work outside of a run is as discreet as a try."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from drkit.adapters.work_here import do_here
from drkit.errors import StepError
from drkit.model.outcome import Failure, Outcome, State
from drkit.ports import Context, Progress
from tests.integration.attempts.trying import context

SECRET = "hunter2-of-the-database"
"""What the context of :mod:`tests.integration.attempts.trying` holds."""


@dataclass(frozen=True)
class Gossip:
    """A tool that repeats what it was given, and ends as it is told to."""

    end: Outcome | StepError

    def look(self, context: Context) -> Outcome | None:
        del context
        return None

    def do(self, context: Context, progress: Progress) -> Outcome:
        del context
        progress(f"logging in with {SECRET}")
        if isinstance(self.end, StepError):
            raise self.end
        return self.end


@pytest.mark.parametrize(
    "end",
    [
        Outcome(
            state=State.FAILED,
            message=f"no entry with {SECRET}",
            failures=(Failure(message=f"{SECRET} refused"),),
        ),
        StepError(f"no entry with {SECRET}", remedy=f"try another than {SECRET}"),
    ],
    ids=["an outcome", "an error"],
)
def test_what_is_said_and_what_it_came_to_hold_no_secret(
    tmp_path: Path, end: Outcome | StepError
) -> None:
    said: list[str] = []
    outcome = do_here(Gossip(end).do, context(tmp_path), said.append)
    assert said == ["logging in with [secret]"]
    assert outcome.message == "no entry with [secret]"
    assert SECRET not in repr(outcome)
