"""A run with real processes and a real journal, killed with SIGKILL, and the same command again."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from drkit.adapters.journal_file import read_journal
from drkit.engine.progress import stand
from drkit.model.outcome import State
from drkit.model.record import StepEnded
from tests.chaos.small_shop import carried_on, check_the_end, drkit, effects, ends
from tests.integration.ansible.localhost import write_playbook, write_run
from tests.integration.attempts.trying import eventually
from tests.survivors import alive_with

RECORDS = 9
"""Of an undisturbed run: four starts, four ends, and the run's own end."""
CHOSEN = (0, 2, 4, 7, 8)
"""Of two steps at once the first start and the first end; of one alone its start; the last step's
end, and the run's. The rest is as one of these, and for ``make stress``."""
ANY_RECORD = [
    number if number in CHOSEN else pytest.param(number, marks=pytest.mark.stress)
    for number in range(RECORDS)
]


@pytest.mark.parametrize("dies_at", ANY_RECORD)
def test_a_run_killed_after_any_record_resumes_and_repeats_nothing(
    folder: Path, marker: str, dies_at: int
) -> None:
    assert drkit(folder, dies_at).wait(timeout=60) == -signal.SIGKILL
    assert len(read_journal(folder / "run" / "journal.jsonl")) > dies_at, "the record is durable"
    recorded = ends(folder)
    eventually(lambda: alive_with(marker) == [])
    carried_on(folder)
    check_the_end(folder)
    assert set(ends(folder).values()) == {1}
    for name, times in effects(folder).items():
        assert times == 1 or name not in recorded
        assert times <= 2, "a step can repeat once after a crash"


@pytest.mark.parametrize("window", ["before-the-effect", "after-the-effect"])
def test_a_run_killed_in_the_middle_of_a_step_looks_and_carries_on(
    folder: Path, marker: str, window: str
) -> None:
    hold = folder / ("hold-compute" if window == "before-the-effect" else "linger-compute")
    hold.touch()
    sign = folder / ("begun-compute" if window == "before-the-effect" else "made-compute")
    first = drkit(folder)
    eventually(sign.exists, within=30)
    first.kill()
    first.wait(timeout=10)
    eventually(lambda: alive_with(marker) == [])
    states = stand(read_journal(folder / "run" / "journal.jsonl")).states
    assert states == {
        "network": State.DONE,
        "storage": State.DONE,
        "compute": State.UNKNOWN,
    }
    hold.unlink()
    carried_on(folder)
    check_the_end(folder)
    repeated = 1 if window == "before-the-effect" else 2
    assert effects(folder) == {"network": 1, "storage": 1, "compute": repeated, "shop": 1}


def test_two_commands_at_once_are_one_run(folder: Path) -> None:
    (folder / "hold-network").touch()
    first = drkit(folder)
    eventually((folder / "begun-network").exists, within=30)
    second = subprocess.run(
        [sys.executable, "-m", "tests.chaos.drkit_at_work", str(folder)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "RunBusy" in second.stderr
    (folder / "hold-network").unlink()
    assert first.wait(timeout=60) == 0
    check_the_end(folder)
    assert set(effects(folder).values()) == {1}


def test_a_playbook_killed_in_its_middle_runs_again_and_changes_only_what_is_left(
    tmp_path: Path, marker: str
) -> None:
    """Real Ansible: what the killed play had changed is not changed again."""
    write_run(tmp_path)
    (tmp_path / "wait").touch()
    dest = f"{tmp_path}/{{{{ item }}}}-{{{{ inventory_hostname }}}}"
    write = {"dest": dest, "content": "x", "mode": "0600"}
    wait = textwrap.dedent(f"""
        touch {tmp_path}/waiting; while [ -e {tmp_path}/wait ]; do sleep 0.05; done
    """)
    write_playbook(
        tmp_path,
        "base",
        {"name": "First", "ansible.builtin.copy": write, "vars": {"item": "first"}},
        {"name": "Wait", "ansible.builtin.shell": {"cmd": wait}, "changed_when": False},
        {"name": "Last", "ansible.builtin.copy": write, "vars": {"item": "last"}},
    )
    graph = {"base": {"kind": "playbook", "needs": []}}
    (tmp_path / "graph.json").write_text(json.dumps(graph))
    first = drkit(tmp_path)
    eventually((tmp_path / "waiting").exists, within=60)
    first.kill()
    first.wait(timeout=10)
    eventually(lambda: alive_with(marker) == [])
    (tmp_path / "wait").unlink()
    carried_on(tmp_path)
    [end] = [
        record.body
        for record in read_journal(tmp_path / "run" / "journal.jsonl")
        if isinstance(record.body, StepEnded)
    ]
    assert (end.number, end.outcome.state, end.outcome.changed) == (2, State.DONE, 1)
