"""The module that runs long work: what systemd says of a unit, and what follows from it."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.unit.recovery.loading import load

UNIT = load("plugins/modules/unit.py")
OURS = "restore images to latest (run 1)"
ABSENT = {"ActiveState": "inactive", "Result": "success"}
QUEUED = {"ActiveState": "inactive", "Result": "success", "Job": "296", "Description": OURS}
AT_WORK = {**QUEUED, "ActiveState": "activating"}
OVER = {"ActiveState": "active", "Result": "success", "Job": "", "Description": OURS}
BROKEN = {**OVER, "ActiveState": "failed", "Result": "exit-code"}


class Ended(Exception):
    """The module has said its last word."""


class Host:
    """Stands in for AnsibleModule on a host whose unit goes through ``states``, the last stays."""

    def __init__(self, result: Path, *states: dict[str, str]) -> None:
        self.params = {
            "name": "drkit-restore-images",
            "description": OURS,
            "argv": ["work"],
            "user": "root",
            "result": str(result),
            "wait": 20,
        }
        self._result = result
        self._states = list(states)
        self.commands: list[str] = []
        self.said: dict[str, Any] = {}

    def run_command(self, argv: list[str], check_rc: bool = False) -> tuple[int, str, str]:
        del check_rc
        self.commands.append(argv[0] if argv[0] != "systemctl" else argv[1])
        if argv[:2] != ["systemctl", "show"]:
            return 0, "Starting …", ""
        state = self._states.pop(0) if len(self._states) > 1 else self._states[0]
        if state is OVER:
            self._result.write_text(json.dumps({"changed": True, "files": 3}))
        return 0, "\n".join(f"{key}={value}" for key, value in state.items()), ""

    def exit_json(self, **said: Any) -> None:
        self.said = said
        raise Ended

    def fail_json(self, **said: Any) -> None:
        self.exit_json(failed=True, **{k: v for k, v in said.items() if k != "failed"})


@pytest.fixture(autouse=True)
def in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter(range(1000))
    quick = SimpleNamespace(sleep=lambda _: None, monotonic=lambda: next(ticks))
    monkeypatch.setattr(UNIT, "time", quick)


def played(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *states: dict[str, str]) -> Host:
    host = Host(tmp_path / "result.json", *states)
    monkeypatch.setattr(UNIT, "AnsibleModule", lambda **_: host)
    with pytest.raises(Ended):
        UNIT.main()
    return host


def test_work_that_nobody_began_is_begun_and_its_result_collected(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    host = played(monkeypatch, tmp_path, ABSENT, AT_WORK, AT_WORK, OVER)
    assert host.said["ended"]
    assert host.said["changed"]
    assert host.said["result"]["files"] == 3
    assert "systemd-run" in host.commands


def test_a_unit_that_systemd_has_not_got_round_to_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Seen on a busy machine: it was taken for one that had ended, without a result."""
    host = played(monkeypatch, tmp_path, ABSENT, QUEUED, QUEUED, AT_WORK, OVER)
    assert not host.said.get("failed")
    assert host.said["result"]["files"] == 3


def test_one_that_another_call_has_just_queued_is_not_begun_twice(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    host = played(monkeypatch, tmp_path, QUEUED, AT_WORK, OVER)
    assert "systemd-run" not in host.commands
    assert host.said["result"]["files"] == 3


def test_what_outlasts_the_wait_is_told_to_go_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    host = played(monkeypatch, tmp_path, AT_WORK)
    assert host.said["ended"] is False
    assert host.said["progress"]


def test_work_that_ended_badly_without_a_word_has_failed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    host = played(monkeypatch, tmp_path, ABSENT, AT_WORK, BROKEN)
    assert host.said["failed"]
    assert "exit-code" in host.said["msg"]


def test_work_of_another_run_makes_room(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    other = {**AT_WORK, "Description": "restore images to latest (run 0)"}
    host = played(monkeypatch, tmp_path, other, AT_WORK, OVER)
    assert host.commands.index("stop") < host.commands.index("systemd-run")
