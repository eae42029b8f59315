"""The only catch-all: each error ends in its own code, with words and a remedy on stderr."""

from __future__ import annotations

import errno
from pathlib import Path

import click
import pytest

from drkit import cli as module
from drkit.errors import (
    ConfigurationError,
    DrkitError,
    Exit,
    JournalDamaged,
    Problem,
    RunBusy,
    StepError,
)


def ended(monkeypatch: pytest.MonkeyPatch, error: BaseException | int | None) -> int:
    """The exit code of a command that does this."""

    def command(**_: object) -> int | None:
        if isinstance(error, BaseException):
            raise error
        return error

    monkeypatch.setattr(module.cli, "main", command)
    with pytest.raises(SystemExit) as end:
        module.main()
    return int(end.value.code or 0)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (None, Exit.OK),
        (Exit.WAITS, Exit.WAITS),
        (ConfigurationError("x"), Exit.CONFIGURATION),
        (StepError("x"), Exit.STEP_FAILED),
        (RunBusy("x"), Exit.BUSY),
        (JournalDamaged("x"), Exit.JOURNAL),
        (DrkitError("x"), Exit.UNEXPECTED),
        (click.UsageError("x"), Exit.USAGE),
        (click.exceptions.Abort(), Exit.INTERRUPTED),
        (KeyboardInterrupt(), Exit.INTERRUPTED),
        (RuntimeError("x"), Exit.UNEXPECTED),
    ],
)
def test_every_end_has_its_code(
    monkeypatch: pytest.MonkeyPatch, error: BaseException | int | None, code: Exit
) -> None:
    assert ended(monkeypatch, error) == code


def test_every_problem_is_shown_with_place_and_remedy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    problems = tuple(Problem(place=f"p{n}", message=f"m{n}", remedy=f"r{n}") for n in range(2))
    ended(monkeypatch, ConfigurationError("nothing was touched", problems=problems))
    said = capsys.readouterr()
    assert said.out == ""
    for word in ("nothing was touched", "p0: m0", "→ r0", "p1: m1", "→ r1"):
        assert word in said.err


def test_a_defect_is_said_in_a_line_and_its_traceback_kept_in_a_file(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    ended(monkeypatch, RuntimeError("the sky"))
    said = capsys.readouterr().err
    assert "RuntimeError: the sky" in said
    assert "Traceback" not in said
    kept = Path(said.split("report it with ")[1].strip())
    assert "RuntimeError: the sky" in kept.read_text()
    assert "Traceback" in kept.read_text()
    assert kept.parent == tmp_path_factory.getbasetemp(), "a test leaves none on the machine"


def test_a_full_disk_is_no_defect_of_drkits(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    full = OSError(errno.ENOSPC, "No space left on device", "journal.jsonl")
    assert ended(monkeypatch, full) == Exit.UNEXPECTED
    said = capsys.readouterr().err
    assert "No space left on device: journal.jsonl" in said
    assert "defect" not in said
