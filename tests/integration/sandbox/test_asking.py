"""What podman's answers mean: its no, its silence, and things that are there already."""

from __future__ import annotations

import os
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from drkit.errors import SandboxError
from drkit.sandbox import hosts, networks
from drkit.sandbox.commands import CommandFailed
from drkit.sandbox.landscape import Network

WEST = Network(region="eu-west-3", id="vpc-w", cidr=IPv4Network("10.64.0.0/16"))


@pytest.fixture
def podman(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A podman that logs what it is asked into ``asked``, and of which a test says the rest."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder / "podman"


def says(podman: Path, text: str) -> None:
    asked = podman.parent / "asked"
    podman.write_text(f'#!/bin/sh\nshift 2\necho "$@" >> {asked}\n{text}\n')
    podman.chmod(0o755)


def asked(podman: Path) -> list[str]:
    return [line.partition(" --")[0] for line in (podman.parent / "asked").read_text().splitlines()]


def test_a_podman_that_cannot_say_has_not_said_no(podman: Path) -> None:
    """Its lock may be taken, its storage full: a host is not reported gone for that."""
    says(podman, "exit 0")
    assert hosts.exists("i-1")
    says(podman, "exit 1")
    assert not hosts.exists("i-1")
    says(podman, "echo no lock >&2; exit 125")
    with pytest.raises(CommandFailed, match="no lock"):
        hosts.exists("i-1")


def test_a_network_that_is_there_with_our_label_is_taken(podman: Path) -> None:
    inspected = '[{"network_interface": "podman7", "labels": {"drkit.sandbox": "1"}}]'
    says(podman, f"[ $2 = inspect ] && echo '{inspected}'; exit 0")
    assert networks.make(WEST) == "podman7"
    assert asked(podman) == ["network exists drkit-vpc-w", "network inspect drkit-vpc-w"]


def test_a_network_without_our_label_is_not_taken(podman: Path) -> None:
    says(podman, '[ $2 = inspect ] && echo \'[{"network_interface": "podman7"}]\'; exit 0')
    with pytest.raises(SandboxError, match="not the sandbox's"):
        networks.make(WEST)


def test_a_network_that_is_gone_need_not_be_removed(podman: Path) -> None:
    says(podman, "[ $2 = exists ] && exit 1; exit 125")
    networks.remove("vpc-w")
    assert asked(podman) == ["network exists drkit-vpc-w"]
