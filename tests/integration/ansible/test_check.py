"""Playbooks in check mode, by the real ansible-runner: all that they would change is told, and
nothing is changed.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from drkit.adapters.ansible_check import Compared, ask, compare
from drkit.model.plan import Plan
from drkit.model.step import PlaybookWork
from drkit.ports import Context
from tests.fakes.documents import plan_at
from tests.integration.ansible.localhost import FACTS, HOSTS, write_playbook, write_run
from tests.integration.ansible.test_playbooks import STRATEGIES
from tests.integration.attempts.trying import context, step

Task = dict[str, object]
CANARY = {
    "name": "x",
    "shut": ["127.0.0.1:9"],
    "outside": {"endpoint_name": "nowhere.invalid", "backup_bucket": "b", "region": "eu-north-1"},
    "buckets": ["b"],
    "identities": {"restore": {"key": "k", "secret": "s"}},
    "sink": {},
}
Compare = Callable[..., Compared]
NEEDED = {"run", "playbooks", "strategy"}
SECRET = "hunter2-of-the-database"  # of the vault in trying.py


def known(root: Path, plan: Plan) -> Context:
    host = {"groups": ["app"], "address": "127.0.0.1", "public": None, "host_key": "k"}
    facts = {**FACTS, "compute": {"hosts": dict.fromkeys(HOSTS, host)}}
    return context(root, facts=facts, plan=plan)


@pytest.fixture
def played(tmp_path: Path) -> Compare:
    """Write the playbook of these tasks, and compare hosts with it."""

    def run(
        *tasks: Task, strategy: str = "linear", without: tuple[str, ...] = (), **head: object
    ) -> Compared:
        write_run(tmp_path)
        write_playbook(tmp_path, "play", *tasks, **head)
        plan = plan_at(tmp_path, defaults={"strategy": strategy})
        work = PlaybookWork(playbook="play", hosts="all")
        return compare(known(tmp_path, plan), step("play", work), without=without)

    return run


def everything(root: Path) -> list[tuple[str, int]]:
    """All files beside what a play itself needs here."""
    kept = (path for path in root.iterdir() if path.name not in NEEDED)
    return sorted((str(path), path.stat().st_mtime_ns) for path in kept)


def tasks_that_change(root: Path) -> list[Task]:
    """Each would change something of a sort of its own; the last three do nothing here."""
    file = {"path": f"{root}/by-drkit", "content": SECRET, "owner": "root"}
    return [
        {"name": "Copy", "ansible.builtin.copy": {"dest": f"{root}/file", "content": SECRET}},
        {"name": "Write", "drkit.recovery.files": {"files": [file]}},
        {
            "name": "Make folders",
            "ansible.builtin.file": {"path": f"{root}/{{{{ item }}}}", "state": "directory"},
            "loop": ["there", "one", "two"],
        },
        {"name": "Serve", "drkit.recovery.service": {"names": ["drkit-nobody-has-this"]}},
        {"name": "Keep quiet", "no_log": True, "ansible.builtin.copy": {
            "dest": f"{root}/quiet", "content": SECRET}},
        {"name": "Run", "ansible.builtin.command": {"argv": ["touch", f"{root}/run-by-command"]}},
        {"name": "Work", "drkit.recovery.unit": {
            "name": "drkit-nobody-has-this", "description": "x", "argv": ["true"]}},
        {"name": "Send", "drkit.recovery.canary": CANARY},
    ]  # fmt: skip


@STRATEGIES
def test_all_that_would_be_changed_is_told_by_host_and_task_and_nothing_is(
    played: Compare, tmp_path: Path, strategy: str
) -> None:
    (tmp_path / "file").write_text("by hand")
    (tmp_path / "there").mkdir(mode=0o755)
    write_run(tmp_path)
    before = everything(tmp_path)
    found = played(*tasks_that_change(tmp_path), strategy=strategy, without=("two",))
    assert everything(tmp_path) == before
    assert found.uncompared == ()
    assert {each.host for each in found.deviations} == {"one"}, "and not of those without"
    root = str(tmp_path)
    assert {each.task: (each.what, each.still) for each in found.deviations} == {
        "Copy": ((f"{root}/file",), False),
        "Write": ((f"{root}/by-drkit",), False),
        "Make folders": ((f"{root}/one", f"{root}/two"), False),
        "Serve": (
            ("enable --no-reload drkit-nobody-has-this", "start drkit-nobody-has-this"),
            True,
        ),
        "Keep quiet": ((), False),
    }
    assert SECRET not in repr(found)


def test_what_is_as_the_playbook_makes_it_is_no_deviation(played: Compare, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    same = {"dest": f"{tmp_path}/file", "content": "x"}
    found = played({"name": "Copy", "ansible.builtin.copy": same})
    assert (found.deviations, found.uncompared) == ((), ())


def test_handlers_are_no_deviations_of_their_own(played: Compare, tmp_path: Path) -> None:
    copy = {"dest": f"{tmp_path}/file", "content": "x"}
    touch = {"path": f"{tmp_path}/touched", "state": "touch"}
    found = played(
        {"name": "Copy", "ansible.builtin.copy": copy, "notify": "Touch"},
        handlers=[{"name": "Touch", "ansible.builtin.file": touch}],
    )
    assert {each.task for each in found.deviations} == {"Copy"}


def test_names_that_hold_a_secret_are_told_without_it(played: Compare, tmp_path: Path) -> None:
    made = {"path": f"{tmp_path}/of-{SECRET}", "state": "directory"}
    found = played({"name": f"Make {SECRET}", "ansible.builtin.file": made}, without=("two",))
    [one] = found.deviations
    assert (one.task, one.what) == ("Make [secret]", (f"{tmp_path}/of-[secret]",))


def test_a_playbook_that_would_act_is_not_played_and_says_why(
    played: Compare, tmp_path: Path
) -> None:
    touch = {"argv": ["touch", f"{tmp_path}/acted"]}
    found = played({"name": "Act", "check_mode": False, "ansible.builtin.command": touch})
    [why] = found.uncompared
    assert "playbooks/play.yml: Act" in why.why
    assert "changed_when: false" in why.remedy
    assert not (tmp_path / "acted").exists()


def test_a_task_that_fails_in_check_mode_leaves_the_rest_not_known_without_secrets(
    played: Compare,
) -> None:
    found = played({"name": "Fail", "ansible.builtin.fail": {"msg": f"no {SECRET}"}})
    assert {each.step for each in found.uncompared} == {"play"}
    first = found.uncompared[0]
    assert "Fail: no [secret]" in first.why


def test_a_playbook_that_is_not_there_is_not_known(tmp_path: Path) -> None:
    write_run(tmp_path)
    work = PlaybookWork(playbook="nowhere", hosts="all")
    [why] = compare(known(tmp_path, plan_at(tmp_path)), step("x", work)).uncompared
    assert "nowhere" in why.why


def test_hosts_tell_what_they_run_on_and_who_answers_them(tmp_path: Path) -> None:
    write_run(tmp_path)
    plan = plan_at(tmp_path, providers={"card-a": {"endpoint": "https://[::1]:9"}})
    told = ask(known(tmp_path, plan), without=("two",))
    assert told.uncompared == ()
    [(host, installed)] = told.installed.items()
    assert (host, len(installed.packages) > 50) == ("one", True)
    assert installed.release
    [(host, heard)] = told.heard.items()
    assert heard["card-a"].status == 0
    assert "refused" in heard["card-a"].said
