"""StackTool on the real CLI: programs without a cloud, state in a folder."""

from __future__ import annotations

import dataclasses
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from drkit import processes
from drkit.adapters import pulumi_repair
from drkit.adapters.pulumi_outputs import outputs
from drkit.adapters.pulumi_stack import Preview, StackTool
from drkit.adapters.pulumi_workspace import Backend
from drkit.errors import ConfigurationError, EffectUnknown, StepError
from drkit.model.outcome import State
from drkit.model.step import StackWork
from drkit.ports import Context, Secret
from tests.integration.pulumi.conftest import Project, context_in

BASE = """
import pulumi
config = pulumi.Config()
pulumi.export("range", config.require("cidr"))
pulumi.export("tags", config.require_object("tags"))
pulumi.export("key", pulumi.Output.secret("s3cr3t-value"))
pulumi.export("nested", {"in": [pulumi.Output.secret("s3cr3t-value")]})
"""
HOSTS = """
import pulumi

class Seed(pulumi.ComponentResource):
    def __init__(self, seed):
        super().__init__("drkit:ssh:HostKeySeed", "host-keys", {"seed": seed})
        self.register_outputs({"seed": seed})

config = pulumi.Config()
seed = config.require_secret("hostKeySeed")
Seed(seed)
pulumi.export("seed", seed)
host = {"groups": ["app"], "address": "10.0.0.1", "host_key": "ssh-ed25519 AAAA"}
pulumi.export("hosts", {"app-1": host})
pulumi.export("given", config.require_object("base"))
pulumi.export("login", config.require("sshPublicKey").split()[0])
"""
LISTED = """
import pathlib
import pulumi

def listing(text):
    lines = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(path.read_bytes())
        except OSError:
            pass
    return sum(text.encode() in line for line in lines)

host = {"groups": ["app"], "address": "10.0.0.1", "host_key": "k"}
pulumi.export("hosts", {"app-1": host})
pulumi.export("secrets", listing(pulumi.Config().require("hostKeySeed")))
pulumi.export("clis", listing("--exec-kind"))
"""
SLOW = """
import pathlib, time
import pulumi
pathlib.Path({began!r}).touch()
while not pathlib.Path({end!r}).exists():
    time.sleep(0.05)
"""


def up(name: str, context: Context, backend: Backend) -> State:
    return StackTool(StackWork(stack=name), backend=backend).do(context, lambda _line: None).state


def ssh_key() -> Secret:
    private = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.OpenSSH,
        serialization.NoEncryption(),
    )
    return Secret(private.decode())


def test_outputs_become_facts_without_the_secret_ones(
    project: Project, context: Context, backend: Backend
) -> None:
    project("base", BASE)
    outcome = StackTool(StackWork(stack="base"), backend=backend).do(context, lambda _line: None)
    assert outcome.state is State.DONE
    assert outcome.facts == {
        "range": "10.66.0.0/16",
        "tags": {"shop": "boutique", "site": "eu-central-1", "generation": "2", "kind": "site"},
    }


def test_secrets_are_in_no_file_in_the_clear_and_come_back_sealed(
    project: Project, context: Context, backend: Backend, tmp_path: Path
) -> None:
    project("base", BASE)
    up("base", context, backend)
    holding = [
        path
        for path in tmp_path.rglob("*")
        # the program itself holds it here, and so does its byte code
        if path.is_file() and not path.name.startswith("__main__.")
        if b"s3cr3t-value" in path.read_bytes()
    ]
    assert holding == []
    found = outputs(context.plan, backend, name="base", stack="eu-central-1.g2")
    assert isinstance(found["key"], Secret)
    assert found["key"].reveal() == "s3cr3t-value"  # the positive control: it was there to be found


def test_a_second_up_changes_nothing(project: Project, context: Context, backend: Backend) -> None:
    project("base", BASE)
    tool = StackTool(StackWork(stack="base"), backend=backend)
    assert tool.do(context, lambda _line: None).changed == 1
    assert tool.do(context, lambda _line: None).changed == 0


def test_a_stack_gets_the_outputs_of_those_it_needs_and_keeps_its_seed(
    project: Project, tmp_path: Path, backend: Backend
) -> None:
    project("hosts", HOSTS)
    context = context_in(tmp_path, facts={"base": {"vpc": "v-1"}}, vault={"ssh_key": ssh_key()})
    tool = StackTool(StackWork(stack="hosts"), backend=backend)
    outcome = tool.do(context, lambda _line: None)
    assert {**outcome.facts, "hosts": None} == {
        "given": {"vpc": "v-1"},
        "login": "ssh-ed25519",
        "hosts": None,
    }
    seeds = []
    for _ in range(2):
        tool.do(context, lambda _line: None)
        found = outputs(context.plan, backend, name="hosts", stack="eu-central-1.g2")["seed"]
        assert isinstance(found, Secret)
        seeds.append(found.reveal())
    assert seeds[0] == seeds[1]
    assert len(seeds[0]) == 64


def test_a_stack_whose_hosts_cannot_be_used_has_failed_and_a_mended_one_is_done(
    project: Project, tmp_path: Path, backend: Backend
) -> None:
    context = context_in(tmp_path, facts={"base": {}}, vault={"ssh_key": ssh_key()})
    tool = StackTool(StackWork(stack="hosts"), backend=backend)
    project("hosts", HOSTS.replace('"ssh-ed25519 AAAA"', '""'))
    outcome = tool.do(context, lambda _line: None)
    assert outcome.state is State.FAILED
    assert "`hosts` of stack hosts cannot be used: host app-1 has no `host_key`" in outcome.message
    assert tool.look(context) is None, "a look may not call it done either"
    project("hosts", HOSTS)
    assert tool.do(context, lambda _line: None).done


def test_no_secret_is_in_the_list_of_processes(
    project: Project, tmp_path: Path, backend: Backend
) -> None:
    project("hosts", LISTED)
    context = context_in(tmp_path, facts={"base": {}}, vault={"ssh_key": ssh_key()})
    outcome = StackTool(StackWork(stack="hosts"), backend=backend).do(context, lambda _line: None)
    assert outcome.done, outcome
    assert outcome.facts["secrets"] == 0
    assert outcome.facts["clis"] != 0  # the positive control: the CLI's arguments can be seen


def test_a_stack_whose_need_is_not_up_fails_with_its_name(
    project: Project, tmp_path: Path, backend: Backend
) -> None:
    project("hosts", HOSTS)
    with pytest.raises(StepError, match="outputs of stack base are not known"):
        up("hosts", context_in(tmp_path, vault={"ssh_key": ssh_key()}), backend)


def test_a_program_that_misses_configuration_fails_with_the_key(
    project: Project, context: Context, backend: Backend
) -> None:
    project("base", "import pulumi\npulumi.Config().require('colour')\n")
    outcome = StackTool(StackWork(stack="base"), backend=backend).do(context, lambda _line: None)
    assert outcome.state is State.FAILED
    assert "base:colour" in outcome.message
    assert "Traceback" not in outcome.message


def test_relative_imports_of_a_project_with_several_files_work(
    project: Project, context: Context, backend: Backend
) -> None:
    folder = project("base", "from .names import NAME\nimport pulumi\npulumi.export('n', NAME)\n")
    (folder / "names.py").write_text("NAME = 'relative'\n")
    outcome = StackTool(StackWork(stack="base"), backend=backend).do(context, lambda _line: None)
    assert outcome.facts == {"n": "relative"}
    assert not list(folder.glob("Pulumi.*.yaml"))


def test_a_program_that_runs_again_makes_what_its_modules_make_again(
    project: Project, context: Context, backend: Backend
) -> None:
    """A module is imported once a process: without being forgotten it would make nothing more."""
    folder = project("base", "from . import made\n")
    (folder / "made.py").write_text(
        "import pulumi\npulumi.ComponentResource('my:own:Thing', 'made')\n"
    )
    tool = StackTool(StackWork(stack="base"), backend=backend)
    assert [tool.do(context, lambda _line: None).changed for _ in range(2)] == [2, 0]


def test_a_preview_of_a_stack_that_is_not_there_writes_nothing(
    project: Project, context: Context, backend: Backend, tmp_path: Path
) -> None:
    project("base", BASE)
    assert StackTool(StackWork(stack="base"), backend=backend).preview(context) == Preview(create=1)
    assert not list((tmp_path / "state").rglob("*g2*"))
    up("base", context, backend)
    assert StackTool(StackWork(stack="base"), backend=backend).preview(context) == Preview(same=1)


def test_a_destroyed_stack_is_gone_and_destroying_nothing_is_done(
    project: Project, context: Context, backend: Backend
) -> None:
    project("base", BASE)
    tool = StackTool(StackWork(stack="base"), backend=backend)
    assert tool.destroy(context, lambda _line: None).changed == 0
    tool.do(context, lambda _line: None)
    outcome = tool.destroy(context, lambda _line: None)
    assert (outcome.state, outcome.changed) == (State.DONE, 1)
    assert tool.look(context) is None


def test_another_passphrase_is_named_as_the_cause(
    project: Project, context: Context, backend: Backend
) -> None:
    project("base", BASE)
    up("base", context, backend)
    other = Backend(
        url=backend.url, environment={"PULUMI_CONFIG_PASSPHRASE": "wrong"}, home=backend.home
    )
    with pytest.raises(StepError, match="another passphrase"):
        up("base", context, other)


def test_outputs_of_a_stack_never_brought_up_say_what_to_run(
    project: Project, context: Context, backend: Backend
) -> None:
    project("outside", BASE)
    with pytest.raises(ConfigurationError, match="never been brought up") as raised:
        outputs(context.plan, backend, name="outside", stack="outside")
    assert "drkit prepare" in raised.value.remedy


def test_a_state_that_does_not_answer_is_said_within_seconds(
    project: Project, context: Context
) -> None:
    project("base", BASE)
    closed = Backend(url="s3://boutique-dr", environment={}, endpoint="https://127.0.0.1:9")
    began = time.monotonic()
    with pytest.raises(StepError, match="cannot be reached"):
        up("base", context, closed)
    assert time.monotonic() - began < 6


def until(path: Path, within: float) -> None:
    deadline = time.monotonic() + within
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} did not come up"
        time.sleep(0.05)


def slow_up(project: Project, root: Path, backend: Backend) -> BaseProcess:
    """Start an up, in a process of its own, that ends when ``root/end`` is there."""
    project("base", SLOW.format(began=str(root / "began"), end=str(root / "end")))
    process = multiprocessing.get_context("spawn").Process(
        target=up, args=("base", context_in(root), backend)
    )
    process.start()
    until(root / "began", within=30)
    return process


def test_a_second_up_at_once_is_told_who_is_at_it(
    project: Project, context: Context, backend: Backend, tmp_path: Path
) -> None:
    first = slow_up(project, tmp_path, backend)
    try:
        with pytest.raises(StepError, match=r"being updated by \S+@\S+ \(pid \d+\)"):
            up("base", context, backend)
    finally:
        (tmp_path / "end").touch()
        first.join(30)
    assert first.exitcode == 0


def test_what_a_killed_update_left_is_cleared_away(
    project: Project, context: Context, backend: Backend, tmp_path: Path
) -> None:
    first = slow_up(project, tmp_path, backend)
    [path] = (tmp_path / "state").rglob("locks/**/*.json")
    os.kill(json.loads(path.read_text())["pid"], signal.SIGKILL)
    (tmp_path / "end").touch()
    first.join(30)
    said: list[str] = []
    tool = StackTool(StackWork(stack="base"), backend=backend)
    assert tool.do(context, said.append).done
    assert said[0].startswith("an earlier update was killed")
    assert not path.exists()


@pytest.mark.parametrize(("lost", "allowed"), [((), False), (("laptop",), True)])
def test_a_lock_of_another_machine_is_broken_only_after_a_takeover_from_it(
    project: Project,
    backend: Backend,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    lost: tuple[str, ...],
    allowed: bool,
) -> None:
    project("base", BASE)
    context = dataclasses.replace(context_in(tmp_path), lost=lost)
    up("base", context, backend)
    folder = tmp_path / "state/.pulumi/locks/organization/base/eu-central-1.g2"
    folder.mkdir(parents=True, exist_ok=True)
    lock = {"pid": 1, "username": "ana", "hostname": "laptop", "timestamp": "2026-11-26T05:00:00Z"}
    (folder / "a.json").write_text(json.dumps(lock))
    monkeypatch.setattr(pulumi_repair, "_FENCED", timedelta(0))
    if allowed:
        assert up("base", context, backend) is State.DONE
    else:
        with pytest.raises(StepError, match=r"ana@laptop \(pid 1\) since 2026") as raised:
            up("base", context, backend)
        assert "drkit takeover" in raised.value.remedy


def test_looking_and_doing_share_the_time_of_one_try(
    project: Project, backend: Backend, tmp_path: Path
) -> None:
    """What a look has used up is not there for doing: else the supervisor ends it first."""
    project("base", BASE)
    tool = StackTool(StackWork(stack="base"), backend=backend)
    time.sleep(1.1)
    with pytest.raises(EffectUnknown, match="the limit of stack base was over"):
        tool.do(context_in(tmp_path, limit=timedelta(seconds=2)), lambda _line: None)


def test_the_age_of_a_try_is_that_of_its_process_and_others_have_none() -> None:
    code = "import time; from drkit import processes; time.sleep(0.5)"
    code += "; print(processes.age_of_try().total_seconds())"
    ages = []
    for mark in ({processes.MARK: "a mark"}, {}):
        environment = {**os.environ, **mark}
        if not mark:
            environment.pop(processes.MARK, None)
        said = subprocess.check_output([sys.executable, "-c", code], env=environment, text=True)
        ages.append(float(said))
    assert 0.5 <= ages[0] < 30
    assert ages[1] == 0


def test_an_up_past_its_deadline_is_interrupted_and_leaves_no_lock(
    project: Project, backend: Backend, tmp_path: Path
) -> None:
    ends = tmp_path / "end"
    project("base", SLOW.format(began=str(tmp_path / "began"), end=str(ends)))
    context = context_in(tmp_path, limit=timedelta(seconds=6))
    threading.Timer(5, ends.touch).start()  # the CLI waits for what is in flight to end
    with pytest.raises(EffectUnknown, match=r"did not end within \d s"):
        up("base", context, backend)
    assert not list((tmp_path / "state").rglob("locks/**/*.json"))
