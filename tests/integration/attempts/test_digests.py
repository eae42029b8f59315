"""What a try worked with, as one digest: of the files as they are when it starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from drkit.adapters.digests import digest_of
from drkit.model.step import CheckWork, PlaybookWork
from tests.integration.attempts.trying import step

PLAY = step("play", PlaybookWork(playbook="play", hosts="all"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    role = tmp_path / "playbooks" / "roles" / "app" / "tasks"
    role.mkdir(parents=True)
    (role / "main.yml").write_text("[]")
    (tmp_path / "playbooks" / "play.yml").write_text("[]")
    return tmp_path


def test_a_file_mended_while_drkit_runs_is_seen_by_the_next_try(root: Path) -> None:
    before = digest_of(root, PLAY)
    assert digest_of(root, PLAY) == before
    (root / "playbooks" / "roles" / "app" / "tasks" / "main.yml").write_text("[mended]")
    assert digest_of(root, PLAY) != before


def test_what_a_playbook_sends_besides_its_roles_is_of_it(root: Path) -> None:
    (root / "sink.py").write_text("answer()")
    sends = step("play", PlaybookWork(playbook="play", hosts="all", sends=("sink.py",)))
    before = digest_of(root, sends)
    assert before != digest_of(root, PLAY)
    (root / "sink.py").write_text("other()")
    assert digest_of(root, sends) != before


def test_a_file_that_vanishes_or_cannot_be_read_stops_nothing(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = digest_of(root, PLAY)

    def gone(self: Path) -> bytes:
        raise FileNotFoundError(self)

    monkeypatch.setattr(Path, "read_bytes", gone)
    assert digest_of(root, PLAY) != whole


def test_checks_that_are_not_there_have_a_digest(root: Path) -> None:
    assert len(digest_of(root, step("check.x", CheckWork(paths=("checks/x.py",))))) == 64
