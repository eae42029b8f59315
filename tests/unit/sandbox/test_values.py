"""Names, folders, certificates and the status as text."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509

from drkit.errors import SandboxError
from drkit.sandbox import addresses, seed, status
from drkit.sandbox.authority import Authority
from drkit.sandbox.folder import Folder, Key, State
from tests.unit.sandbox.landscapes import APP, EDGE


def test_every_endpoint_lies_on_the_floor() -> None:
    for door in addresses.DOORS:
        assert any(ip_address(door.address) in network for network in addresses.FLOOR)
    assert len({door.address for door in addresses.DOORS}) == len(addresses.DOORS)


@pytest.mark.parametrize(
    ("user_data", "name"),
    [
        (b"#cloud-config\nhostname: db-1\n", "db-1"),
        (b'#cloud-config\n{"hostname": "db-2"}', "db-2"),
        (b"#!/bin/sh\nhostname: no\n", "ip-10-64-16-4"),
        (b"#cloud-config\n- a list\n", "ip-10-64-16-4"),
        (b"#cloud-config\n{broken", "ip-10-64-16-4"),
        (b"", "ip-10-64-16-4"),
    ],
)
def test_a_host_is_named_by_its_user_data(user_data: bytes, name: str) -> None:
    assert seed.host_name(replace(APP, user_data=user_data)) == name


def test_a_seed_holds_user_data_and_the_operators_key(tmp_path: Path) -> None:
    seed.write(EDGE, tmp_path / "seed")
    meta = json.loads((tmp_path / "seed" / "meta-data").read_text())
    assert meta["public-keys"] == [EDGE.key]
    assert (tmp_path / "seed" / "user-data").read_bytes() == EDGE.user_data
    assert (tmp_path / "seed").stat().st_mode & 0o077 == 0


def test_the_folder_is_chosen_by_the_environment() -> None:
    assert Folder.chosen({"DRKIT_SANDBOX": "/s"}).path == Path("/s")
    assert Folder.chosen({"XDG_STATE_HOME": "/x"}).path == Path("/x/drkit/sandbox")


def test_a_folder_with_too_long_a_path_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="too long"):
        Folder(path=tmp_path / ("x" * 120)).make()


def test_the_state_file_is_private_and_read_again(tmp_path: Path) -> None:
    folder = Folder(path=tmp_path)
    with pytest.raises(SandboxError, match="no sandbox is up"):
        State.read(folder)
    key = Key(key="AKIA1", secret="hidden")
    state = State(pid=1, ca=tmp_path / "ca", operator=key, pulumi_home=tmp_path)
    state.write(folder)
    assert State.read(folder) == state
    assert folder.state.stat().st_mode & 0o077 == 0
    assert "hidden" not in repr(state)


def test_a_certificate_carries_names_and_addresses(tmp_path: Path) -> None:
    authority = Authority(folder=tmp_path / "authority")
    authority.make()
    issued = x509.load_pem_x509_certificate(
        authority.issue("a.example", "198.51.100.13").certificate.encode()
    )
    names = issued.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["a.example"]
    assert names.get_values_for_type(x509.IPAddress) == [ip_address("198.51.100.13")]
    issued.verify_directly_issued_by(
        x509.load_pem_x509_certificate(authority.certificate.read_bytes())
    )
    assert authority.key.stat().st_mode & 0o077 == 0


def test_an_authority_that_is_there_is_kept(tmp_path: Path) -> None:
    authority = Authority(folder=tmp_path / "authority")
    authority.make()
    first = authority.certificate.read_bytes()
    authority.make()
    assert authority.certificate.read_bytes() == first


def test_the_status_is_a_table_of_regions_and_hosts() -> None:
    host = status.HostStatus(
        region="eu-west-3",
        id="i-1",
        name="edge-1",
        condition="running",
        address="10.64.0.4",
        public="198.18.0.1",
        here=True,
    )
    region = status.RegionStatus(
        region="eu-west-3",
        lost=True,
        endpoint="https://198.51.100.13",
        name="aws.eu-west-3.sandbox.example",
        hosts=(host,),
        dropped=3,
        dropped_endpoint=1,
        dropped_hosts=2,
        short_of=("m5.large", "m6i.large"),
    )
    shown = status.text(status.Status(pid=1, regions=(region,)))
    told, regions, hosts = (block.splitlines() for block in shown.split("\n\n"))
    assert len(told) == 1
    assert "stand-in for AWS" in told[0]
    assert re.split("  +", regions[0])[3:6] == ["HOSTS", "DROPPED: ENDPOINT", "DROPPED: HOSTS"]
    assert regions[1].split()[:6] == ["eu-west-3", "lost", "https://198.51.100.13", "1", "1", "2"]
    assert regions[2] == "eu-west-3 has no room for m5.large, m6i.large"
    assert hosts[1].split() == [
        *("eu-west-3", "i-1", "running", "10.64.0.4", "198.18.0.1", "edge-1"),
    ]
    assert status.document(status.Status(pid=1, regions=(region,)))["version"] == 1


def test_a_folder_of_somebody_elses_files_is_no_folder_of_a_sandbox(tmp_path: Path) -> None:
    folder = Folder(path=tmp_path)
    folder.refuse_foreign()
    (tmp_path / "world").mkdir()
    folder.refuse_foreign()
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(SandboxError, match="no sandbox's"):
        folder.refuse_foreign()
    folder.log.touch()
    folder.refuse_foreign()


@pytest.mark.parametrize("left", ["daemon.sock", "tmp", "sandbox.json.new", "pulumi"])
def test_what_an_interrupted_removal_left_is_still_a_sandboxs(tmp_path: Path, left: str) -> None:
    (tmp_path / left).touch()
    Folder(path=tmp_path).refuse_foreign()
