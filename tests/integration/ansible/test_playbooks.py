"""What a playbook came to: counts, facts, and of a failure the host, the task and the words."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from drkit.model.outcome import State
from drkit.model.step import PlaybookWork
from tests.integration.ansible.conftest import Run
from tests.integration.ansible.localhost import FACTS, write_playbook
from tests.integration.attempts.trying import Tries, eventually, step
from tests.survivors import alive_with

Task = dict[str, object]
STRATEGIES = pytest.mark.parametrize("strategy", ["linear", "mitogen_linear"])


def on(host: str, task: Task) -> Task:
    return {**task, "when": f"inventory_hostname == '{host}'"}


def written(path: Path) -> Task:
    copy = {"dest": f"{path}-{{{{ inventory_hostname }}}}", "content": "x", "mode": "0600"}
    return {"name": "Write a file", "ansible.builtin.copy": copy}


def failing(name: str, message: str) -> Task:
    return {"name": name, "ansible.builtin.fail": {"msg": message}}


SLEEP: Task = {"name": "Sleep", "ansible.builtin.command": {"argv": ["sleep", "300"]}}
SAY_FACTS: Task = {
    "name": "Tell drkit",
    "ansible.builtin.set_stats": {
        "data": {"drkit_facts": {"timeline": 2, "recovered_to": "2026-03-14T03:00:00Z"}}
    },
    "run_once": True,
}


@STRATEGIES
def test_changes_are_counted_and_a_second_run_changes_nothing(
    play: Run, tmp_path: Path, strategy: str
) -> None:
    first = play(written(tmp_path / "file"), SAY_FACTS, strategy=strategy)
    assert first.state is State.DONE, first
    assert first.changed == 2, "one on each host"
    assert first.facts == {"timeline": 2, "recovered_to": "2026-03-14T03:00:00Z"}
    second = play(written(tmp_path / "file"), SAY_FACTS, strategy=strategy)
    assert (second.state, second.changed) == (State.DONE, 0)


@STRATEGIES
def test_a_task_that_fails_is_a_failure_with_host_task_and_message(
    play: Run, strategy: str
) -> None:
    outcome = play(
        written(Path("/dev/null/never")) | {"when": False},
        on("two", failing("Check the stock", "the shelf is empty")),
        strategy=strategy,
    )
    assert outcome.state is State.FAILED
    [failure] = outcome.failures
    assert (failure.host, failure.task) == ("two", "Check the stock")
    assert "the shelf is empty" in failure.message
    assert "two: Check the stock: the shelf is empty" in outcome.message


def test_of_a_loop_the_item_that_failed_is_told_and_not_that_some_did(play: Run) -> None:
    check = {"that": "item != 'milk'", "fail_msg": "no {{ item }} left"}
    task: Task = {
        "name": "Check the stock",
        "ansible.builtin.assert": check,
        "loop": ["bread", "milk", "salt"],
    }
    outcome = play(on("one", task))
    assert "no milk left" in outcome.message


def test_what_was_rescued_or_ignored_is_no_failure(play: Run) -> None:
    rescued: Task = {
        "name": "Try",
        "block": [on("one", failing("Fail and be rescued", "rescued"))],
        "rescue": [{"name": "Mend", "ansible.builtin.debug": {"msg": "mended"}}],
    }
    ignored = on("one", failing("Fail and be ignored", "ignored")) | {"ignore_errors": True}
    assert play(rescued, ignored).state is State.DONE
    outcome = play(rescued, ignored, on("two", failing("Fail", "for good")))
    assert [failure.message for failure in outcome.failures] == ["for good"]


def test_every_host_that_failed_is_told(play: Run) -> None:
    outcome = play(failing("Fail", "on {{ inventory_hostname }}"))
    assert {(f.host, f.message) for f in outcome.failures} == {
        ("one", "on one"),
        ("two", "on two"),
    }


def test_a_host_that_does_not_answer_is_a_failure_of_that_host(play: Run) -> None:
    lost = {"ansible_connection": "ssh", "ansible_host": "192.0.2.1", "ansible_ssh_args": "-F none"}
    ping: Task = {"name": "Ask", "ansible.builtin.ping": {}}
    outcome = play(on("one", ping) | {"vars": lost})
    assert outcome.state is State.FAILED
    assert [failure.host for failure in outcome.failures] == ["one"]


def test_a_playbook_that_cannot_be_read_is_a_failure(tries: Tries) -> None:
    (tries.root / "playbooks").mkdir()
    (tries.root / "playbooks" / "play.yml").write_text("- hosts: all\n  tusks: []\n")
    tries.start(step("play", PlaybookWork(playbook="play", hosts="all")))
    outcome = tries.to_the_end("play").outcome
    assert outcome.state is State.FAILED
    assert "tusks" in outcome.message


def test_a_playbook_that_is_for_no_host_of_the_step_has_failed_and_names_the_group(
    tries: Tries,
) -> None:
    """Ansible says "skipping: no hosts matched" and ends well."""
    write_playbook(tries.root, "play", written(tries.root / "file"), hosts="two")
    tries.start(step("play", PlaybookWork(playbook="play", hosts="one")))
    outcome = tries.to_the_end("play").outcome
    assert outcome.state is State.FAILED
    assert "no host matched: the step is for `one`" in outcome.message
    assert "`hosts`" in outcome.failures[0].remedy


def test_a_playbook_that_is_not_there_is_named(tries: Tries) -> None:
    tries.start(step("play", PlaybookWork(playbook="nowhere", hosts="all")))
    outcome = tries.to_the_end("play").outcome
    assert outcome.state is State.FAILED
    assert "playbooks/nowhere.yml" in outcome.message


def test_a_playbook_before_there_are_hosts_says_what_it_needs(tries: Tries) -> None:
    write_playbook(tries.root, "play")
    (tries.root / "run" / "inventory" / "hosts.yml").unlink()
    tries.start(step("play", PlaybookWork(playbook="play", hosts="all")))
    outcome = tries.to_the_end("play").outcome
    assert "no stack of this run has provided any" in outcome.message


def test_a_playbook_whose_hosts_have_no_way_in_yet_says_what_it_needs(tries: Tries) -> None:
    host = {"groups": ["db"], "address": "10.0.0.1", "public": None, "host_key": "k"}
    tries.facts = {**FACTS, "compute": {"hosts": {"db-1": host}}}
    write_playbook(tries.root, "play")
    tries.start(step("play", PlaybookWork(playbook="play", hosts="all")))
    outcome = tries.to_the_end("play").outcome
    assert "no host of the group `edge` has a public address" in outcome.message
    assert "need the stack that provides it" in outcome.failures[0].remedy


def test_progress_is_the_names_of_the_tasks(play: Run, tries: Tries) -> None:
    play({"name": "Look around", "ansible.builtin.debug": {"msg": "x"}})
    assert "Look around" in [said.line for said in tries.said]


def test_the_secrets_of_a_playbook_leave_no_file_when_it_is_killed(
    tries: Tries, marker: str
) -> None:
    """The variables lie in a private folder; a kill must not leave them there."""
    write_playbook(tries.root, "play", SLEEP)
    tries.start(step("play", PlaybookWork(playbook="play", hosts="one")))
    tries.until(lambda: "Sleep" in [said.line for said in tries.said])
    ansible = next(pid for pid in alive_with(marker) if b"ansible-playbook" in cmdline(pid))
    folder = Path(environment(ansible)["TMPDIR"])
    [variables] = folder.glob("*/drkit-vars.json")
    assert "hunter2-of-the-database" in variables.read_text(), "a positive control"
    assert variables.stat().st_mode & 0o077 == 0
    ours = [pid for pid in tries.survivors(marker) if comm(pid) == "drkit play"]
    worker = next(pid for pid in ours if parent(pid) in ours)  # the other one is its supervisor
    os.kill(worker, signal.SIGKILL)
    assert tries.to_the_end("play").outcome.state is State.UNKNOWN
    assert not folder.exists()


def test_a_playbook_that_moves_is_left_alone_and_one_that_hangs_is_ended(tries: Tries) -> None:
    """Law 14. What it said last says where it hangs."""
    work = PlaybookWork(playbook="play", hosts="one")
    naps: list[Task] = [
        {"name": f"Nap {number}", "ansible.builtin.command": {"argv": ["sleep", "2"]}}
        for number in range(5)
    ]
    write_playbook(tries.root, "play", *naps)
    tries.start(replace(step("moves", work), stalled=timedelta(seconds=7)))
    assert tries.to_the_end("moves").outcome.state is State.DONE
    write_playbook(tries.root, "play", SLEEP)
    tries.start(replace(step("hangs", work), stalled=timedelta(seconds=7)))
    outcome = tries.to_the_end("hangs").outcome
    assert outcome.state is State.UNKNOWN
    assert "nothing new for 7s (`stalled`); the last was: Sleep" in outcome.message


def test_a_stopped_playbook_leaves_no_process(tries: Tries, marker: str) -> None:
    write_playbook(tries.root, "play", SLEEP)
    tries.start(step("play", PlaybookWork(playbook="play", hosts="all")))
    tries.until(lambda: "Sleep" in [said.line for said in tries.said])
    eventually(lambda: [p for p in alive_with(marker) if cmdline(p).startswith(b"sleep\0")])
    tries.attempts.stop()
    assert tries.to_the_end("play").outcome.state is State.UNKNOWN
    assert tries.survivors(marker) == []


def cmdline(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def comm(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def environment(pid: int) -> dict[str, str]:
    entries = Path(f"/proc/{pid}/environ").read_text().split("\0")
    return dict(entry.partition("=")[::2] for entry in entries if "=" in entry)


def test_facts_of_hosts_are_gathered_once_a_run(play: Run, tmp_path: Path) -> None:
    """They are kept in the run's folder: the next playbook does not ask every host again."""
    show: Task = {
        "name": "Show",
        "ansible.builtin.debug": {"msg": "{{ ansible_facts.distribution }}"},
    }
    assert play(show, gather_facts=True).state is State.DONE
    kept = [path.name for path in (tmp_path / "run" / "host-facts").iterdir()]
    assert {name.rpartition("_")[2] for name in kept} == {"one", "two"}
    assert play(show).state is State.DONE, "without gathering, from what is kept"
