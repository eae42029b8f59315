"""A tool's work outside of a run is as discreet as a try."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from drkit.adapters.work_here import do_here, said_into
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


def test_what_a_tool_prints_goes_to_a_private_log_without_secrets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / ".drkit" / "backup.log"
    log.parent.mkdir(mode=0o755)
    log.write_text("of a version that made it for all to read")
    log.chmod(0o644)
    with said_into(log, (SECRET,)):
        print(f"ok: [db-1] => {SECRET}")  # noqa: T201 - as ansible-runner does
    assert log.read_text() == "ok: [db-1] => [secret]\n"
    assert (log.stat().st_mode & 0o777, log.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert capsys.readouterr().out == ""
