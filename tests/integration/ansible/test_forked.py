"""A playbook is a fork of the server that has read Ansible, where it was read by its settings."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from drkit.adapters.ansible_playbook import ansible_settings
from drkit.model.outcome import State
from drkit.model.step import PlaybookWork
from tests.fakes.documents import plan_at
from tests.integration.ansible.conftest import Run
from tests.integration.ansible.localhost import write_playbook
from tests.integration.ansible.test_playbooks import SLEEP, STRATEGIES, comm, parent
from tests.integration.attempts.trying import Tries, eventually, step

WHO = "{{ lookup('pipe', 'tr \\\\0 \" \" < /proc/$PPID/cmdline') }}"
"""The command line of the process that runs the task on this machine."""
TELL = {
    "name": "Tell drkit",
    "ansible.builtin.set_stats": {"data": {"drkit_facts": {"who": WHO}}},
    "run_once": True,
}


@STRATEGIES
def test_a_playbook_is_forked_and_obeys_the_strategy(
    play: Run, tries: Tries, strategy: str
) -> None:
    outcome = play(TELL, strategy=strategy)
    assert outcome.state is State.DONE, outcome
    assert "drkit.forkserver" in str(outcome.facts["who"])
    log = (tries.root / "run" / "logs" / "play.1.log").read_text()
    # Ansible says so of each strategy that is not its own
    assert ("Use of strategy plugins" in log) == (strategy != "linear")


@STRATEGIES
def test_a_fork_finds_what_lies_beside_the_playbook(play: Run, tries: Tries, strategy: str) -> None:
    """What was read before it knows nothing of plugins and collections that lie there."""
    write_filter(tries.root / "playbooks/filter_plugins/whisper.py", "whisper", "str.lower")
    beside = "playbooks/collections/ansible_collections/corner/own/plugins/filter"
    write_filter(tries.root / beside / "shout.py", "shout", "str.upper")
    said = "{{ 'Loud' | whisper }} {{ 'quiet' | corner.own.shout }}"
    told = {"ansible.builtin.set_stats": {"data": {"drkit_facts": {"said": said}}}}
    outcome = play({"name": "Tell drkit", "run_once": True, **told}, strategy=strategy)
    assert outcome.facts["said"] == "loud QUIET", outcome


def test_a_fork_takes_a_plugin_beside_the_playbook_for_the_one_of_its_name(
    play: Run, tries: Tries
) -> None:
    """By its name Ansible finds a module that was read before, from wherever that was."""
    beside = tries.root / "playbooks/connection_plugins/ssh.py"
    beside.parent.mkdir(parents=True)
    beside.write_text(
        "from ansible.plugins.connection.local import Connection as Local\n"
        "DOCUMENTATION = 'name: ssh\\nshort_description: here\\noptions: {}'\n"
        "class Connection(Local):\n    transport = 'here'\n"
    )
    task = {"name": "Ask", "vars": {"ansible_connection": "ssh"}, "ansible.builtin.ping": {}}
    outcome = play(task)
    assert outcome.state is State.DONE, f"by Ansible's own, which finds no such host: {outcome}"


def write_filter(path: Path, name: str, does: str) -> None:
    path.parent.mkdir(parents=True)
    path.write_text(
        f"class FilterModule:\n    def filters(self):\n        return {{{name!r}: {does}}}\n"
    )


def test_settings_that_ansible_was_not_read_by_make_it_be_executed(
    tries: Tries, marker: str
) -> None:
    """Some settings Ansible takes for good when it is read: a fork would not obey them."""
    read = plan_at(tries.root, defaults={"strategy": "mitogen_linear"})
    tries.have_read(ansible_settings(read))
    tries.plan = plan_at(tries.root, defaults={"strategy": "linear"})
    write_playbook(tries.root, "play", TELL)
    tries.start(step("play", PlaybookWork(playbook="play", hosts="all")))
    outcome = tries.to_the_end("play").outcome
    assert outcome.state is State.DONE, outcome
    assert "ansible-playbook" in str(outcome.facts["who"])
    assert marker


@pytest.mark.parametrize("strategy", ["linear", "mitogen_linear"])
def test_a_forked_playbook_does_not_outlive_its_supervisor(
    tries: Tries, marker: str, strategy: str
) -> None:
    """Killed, the supervisor ends nothing: what it leaves is found by its mark, forks too."""
    tries.plan = plan_at(tries.root, defaults={"strategy": strategy})
    tries.have_read(ansible_settings(tries.plan))
    write_playbook(tries.root, "play", SLEEP)
    tries.start(step("play", PlaybookWork(playbook="play", hosts="all")))
    tries.until(lambda: "Sleep" in [said.line for said in tries.said])
    ours = [pid for pid in tries.survivors(marker) if comm(pid) == "drkit play"]
    supervisor = next(pid for pid in ours if parent(pid) == tries.server.pid)
    assert len(ours) > 2, "a positive control: the playbook is one of them"
    os.kill(supervisor, signal.SIGKILL)
    assert tries.to_the_end("play").outcome.state is State.UNKNOWN
    eventually(lambda: not tries.survivors(marker))
