"""Up and down: twice, after a crash, and nothing is left behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from drkit.sandbox import turn
from drkit.sandbox.folder import Folder
from tests.alone import alone
from tests.integration.sandbox.lab import ANYWHERE, Sandbox, banner, cli, eventually

pytestmark = pytest.mark.timeout(900)
"""Also of the wait for tests of the lab, which change the machine that is compared here."""
KERNELS = re.compile(r"(local |multicast )?(fe80:|ff00:).* proto kernel ")


@pytest.fixture(scope="module", autouse=True)
def nobody_else() -> Iterator[None]:
    with alone():
        yield


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "sandbox"
    assert cli(tmp_path / "sandbox", "down").returncode == 0


def said(*argv: str) -> list[str]:
    done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=True)
    return done.stdout.splitlines()


def running() -> list[str]:
    """The command line of every process, uncut: ps takes 80 columns for the width of a pipe."""
    return said("ps", "-ww", "-eo", "args")


def machine(folder: Path) -> dict[str, list[str]]:
    """Everything that a sandbox could leave behind, as far as it does not change by itself."""
    rules = [line for line in said("iptables-save") if not re.match(r"#|:.*\[", line)]
    # Empty tables come into being when somebody looks at them.
    rules = [line for line in rules if not line.startswith("*") and line != "COMMIT"]
    # The kernel gives every link IPv6 routes, the last of them seconds after the link came up
    # (duplicate address detection): they come and go with the links, which are compared.
    routes = said("ip", "route", "show", "table", "all")
    # A process that is just starting another shows twice.
    processes = {line for line in running() if str(folder) in line}
    return {
        "containers": sorted(said("podman", "ps", "--all", "--format", "{{.Names}}")),
        "networks": sorted(said("podman", "network", "ls", "--format", "{{.Name}}")),
        "volumes": sorted(said("podman", "volume", "ls", "--format", "{{.Name}}")),
        "routes": [line for line in routes if not KERNELS.match(line)],
        "links": sorted(
            link["ifname"] for link in json.loads("".join(said("ip", "-json", "link", "show")))
        ),
        "rules": rules,
        "mounts": sorted(line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()),
        "processes": sorted(line for line in processes if "pytest" not in line),
        "turn": [str(turn.PLACE)] if turn.PLACE.exists() else [],
        "namespaces": sorted(path.name for path in Path("/run/netns").glob("*")),
        "folder": sorted(str(path) for path in folder.parent.rglob("*")),
    }


def settled(folder: Path) -> dict[str, list[str]]:
    """What :func:`machine` says once it says the same twice: a host that answers may still be in
    the making, with a podman at work on it."""
    seen = [machine(folder)]

    def still() -> bool:
        seen.append(machine(folder))
        return seen[-1] == seen[-2]

    eventually(still, what="nothing changes by itself any more")
    return seen[-1]


def with_a_host(folder: Path, keys: Path) -> Sandbox:
    """A sandbox with one host that answers under an elastic IP."""
    done = cli(folder, "up")
    assert done.returncode == 0, done.stderr
    assert "stand-in for AWS" in done.stderr
    sandbox = Sandbox(folder=folder, keys=keys)
    network = sandbox.network("eu-west-3", "10.64.0.0/16")
    group = sandbox.group(network, "edge", (22, ANYWHERE))
    started = sandbox.start(network, "edge-1", subnet=network.public, group=group)
    elastic = sandbox.give_address("eu-west-3", started["InstanceId"])
    eventually(lambda: banner(elastic), what="the host answers")
    return sandbox


def test_up_twice_is_a_no_op_and_down_leaves_nothing(folder: Path, keys: Path) -> None:
    before = machine(folder)
    sandbox = with_a_host(folder, keys)
    up = settled(folder)
    state = sandbox.state
    assert cli(folder, "up").returncode == 0
    assert settled(folder) == up
    assert sandbox.state == state
    assert up != before, "the comparison sees a sandbox"
    assert cli(folder, "down").returncode == 0
    assert settled(folder) == before
    assert cli(folder, "down").returncode == 0, "down can be repeated"


def test_down_leaves_nothing_after_the_daemon_was_killed(folder: Path, keys: Path) -> None:
    before = machine(folder)
    sandbox = with_a_host(folder, keys)
    os.kill(sandbox.state["pid"], signal.SIGKILL)
    assert cli(folder, "status").returncode == 12
    assert cli(folder, "down").returncode == 0
    assert settled(folder) == before


def hosts_in_the_making(folder: Path, keys: Path) -> Sandbox:
    """A sandbox that is just starting hosts: a podman of its daemon is at work."""
    assert cli(folder, "up").returncode == 0
    sandbox = Sandbox(folder=folder, keys=keys)
    network = sandbox.network("eu-west-3", "10.64.0.0/16")
    group = sandbox.group(network, "many")
    for number in range(6):
        sandbox.start(network, f"many-{number}", subnet=network.private, group=group)
    eventually(lambda: len(at_work(sandbox)) > 1, what="hosts are being started")
    return sandbox


def at_work(sandbox: Sandbox) -> list[str]:
    """The podmans that start hosts for the sandbox's daemon."""
    return [line for line in session_of(sandbox.state["pid"]) if " run --detach " in line]


def session_of(pid: int) -> list[str]:
    """The command lines of a session's living processes."""
    listed = ("ps", "-ww", "-o", "stat=,args=", "--sid", str(pid))
    done = subprocess.run(listed, capture_output=True, text=True, timeout=30, check=False)
    return [line for line in done.stdout.splitlines() if not line.startswith("Z")]


@pytest.mark.parametrize("killed", [False, True], ids=["alive", "killed"])
def test_down_leaves_nothing_while_hosts_start(folder: Path, keys: Path, killed: bool) -> None:
    """A podman that outlives its daemon makes a container after all have been removed."""
    before = machine(folder)
    sandbox = hosts_in_the_making(folder, keys)
    if killed:
        os.kill(sandbox.state["pid"], signal.SIGKILL)
        assert at_work(sandbox), "they outlive it"
    pid = sandbox.state["pid"]
    assert cli(folder, "down").returncode == 0
    assert session_of(pid) == []
    assert settled(folder) == before


def test_two_ups_at_once_make_one_sandbox_and_two_downs_remove_it(folder: Path) -> None:
    before = machine(folder)
    both = [started(folder, "up") for _ in range(2)]
    told = [one.communicate(timeout=300)[1] for one in both]
    assert [one.returncode for one in both] == [0, 0], told
    assert cli(folder, "status").returncode == 0
    assert len([line for line in running() if f"drkit.sandbox.daemon {folder}" in line]) == 1
    assert "crashed" not in "".join(told)
    both = [started(folder, "down") for _ in range(2)]
    told = [one.communicate(timeout=300)[1] for one in both]
    assert [one.returncode for one in both] == [0, 0], told
    assert settled(folder) == before


def started(folder: Path, verb: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "drkit.cli.sandbox", verb],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"DRKIT_SANDBOX": str(folder)},
    )


def test_every_part_that_an_interrupted_removal_could_leave_is_known(
    folder: Path, keys: Path, tmp_path: Path
) -> None:
    """Whatever a sandbox puts into its folder: left alone there, it is not a stranger's."""
    sandbox = with_a_host(folder, keys)
    assert sandbox.cli("secrets", "--output", str(tmp_path / "secrets.yml")).returncode == 0
    names = sorted(path.name for path in folder.iterdir())
    assert {"daemon.sock", "sandbox.json", "vault-password", "hosts"} <= set(names)
    for name in names:
        alone = tmp_path / "alone" / name
        alone.mkdir(parents=True)
        (alone / name).touch()
        Folder(path=alone).refuse_foreign()


def test_up_after_a_crash_begins_anew(folder: Path, keys: Path) -> None:
    sandbox = with_a_host(folder, keys)
    os.kill(sandbox.state["pid"], signal.SIGKILL)
    assert cli(folder, "up").returncode == 0
    assert not sandbox.status("eu-west-3")["hosts"]
    assert not said("podman", "ps", "--all", "--quiet", "--filter", "label=drkit.sandbox=1")


def test_down_touches_nothing_without_its_label(folder: Path) -> None:
    """A foreign network in the sandbox's range, a foreign rule and a foreign route stay."""
    foreign = "not-of-the-sandbox"
    rule = ("INPUT", "-s", "192.0.2.77/32", "-m", "comment", "--comment", foreign, "-j", "ACCEPT")
    route = ("unreachable", "192.0.2.77/32")
    said("podman", "network", "create", "--subnet", "10.79.254.0/24", foreign)
    said("iptables", "-w", "-A", *rule)
    said("ip", "route", "add", *route)
    try:
        assert cli(folder, "up").returncode == 0
        assert cli(folder, "down").returncode == 0
        said("podman", "network", "inspect", foreign)
        said("iptables", "-w", "-C", *rule)
        assert any("192.0.2.77" in line for line in said("ip", "route", "show"))
    finally:
        said("podman", "network", "rm", foreign)
        said("iptables", "-w", "-D", *rule)
        said("ip", "route", "delete", *route)


def test_a_live_sandbox_of_another_folder_is_left_alone(folder: Path, tmp_path: Path) -> None:
    assert cli(folder, "up").returncode == 0
    other = tmp_path / "other"
    for verb in ("up", "down"):
        done = cli(other, verb)
        assert done.returncode == 12
        assert str(folder) in done.stderr
    assert cli(folder, "status").returncode == 0
