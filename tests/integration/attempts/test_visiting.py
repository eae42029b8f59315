"""What a visit tells of hosts and of steps of which not all went well."""

from __future__ import annotations

from pathlib import Path

import pytest

from drkit import visiting
from drkit.adapters import reach
from drkit.errors import StepError
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
