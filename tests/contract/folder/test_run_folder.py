"""A run's folder: private, found again, and rewritten only in ways that running steps survive."""

from __future__ import annotations

import json
import signal
import stat
import subprocess
import sys
import tempfile
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID

from drkit.adapters.certificates import write_proof_certificate
from drkit.adapters.hosts_output import Expected, Hosts, entrance, hosts_of, unusable
from drkit.adapters.journal_file import JournalFile
from drkit.adapters.runs_folder import RunsFolder
from drkit.adapters.ssh_files import write_ssh_files
from drkit.errors import RunBusy, UsageError
from drkit.model.record import GateAnswered, RunEnded
from drkit.model.step import RunKind
from drkit.ports import Secret
from tests.fakes.clock import START

HOSTS: Hosts = {
    "edge-1": {
        "groups": ["edge"],
        "address": "10.68.0.4",
        "public": "198.18.0.7",
        "host_key": "ssh-ed25519 AAAA1",
    },
    "db-1": {
        "groups": ["db"],
        "address": "10.68.32.5",
        "public": None,
        "host_key": "ssh-ed25519 AAAA2",
    },
}


def written(folder: Path, hosts: Hosts = HOSTS) -> Path:
    write_ssh_files(folder, hosts, jump="edge", key=Secret("PRIVATE KEY"))
    return folder


def test_every_file_is_private(tmp_path: Path) -> None:
    written(tmp_path)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.name for path in files} == {
        "ssh_config",
        "known_hosts",
        "ssh_key",
        "hosts.json",
        "hosts.yml",
    }
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def effective(folder: Path, host: str) -> dict[str, str]:
    """What ssh itself makes of the configuration."""
    answer = subprocess.run(
        ["ssh", "-F", str(folder / "ssh_config"), "-G", host],
        capture_output=True,
        text=True,
        check=True,
        timeout=10,
    )
    return dict(line.partition(" ")[::2] for line in answer.stdout.splitlines())


@pytest.mark.parametrize("host", ["edge-1", "db-1", "10.68.32.5", "198.18.0.7"])
def test_host_keys_are_checked_whatever_a_host_is_called(tmp_path: Path, host: str) -> None:
    options = effective(written(tmp_path), host)
    assert options["stricthostkeychecking"] in {"true", "yes"}
    assert options["userknownhostsfile"] == str(tmp_path / "known_hosts")
    assert options["globalknownhostsfile"] == "/dev/null"
    assert options["identitiesonly"] == "yes"
    assert options["batchmode"] == "yes"
    assert options["user"] == "admin"


def test_the_folder_of_a_plan_may_have_a_space_in_its_name(tmp_path: Path) -> None:
    place = tmp_path / "plans 100%"
    place.mkdir()
    options = effective(written(place), "db-1")
    assert options["userknownhostsfile"].strip('"').replace("%%", "%") == f"{place}/known_hosts"
    assert f"-F '{place}/ssh_config'".replace("%", "%%") in options["proxycommand"]


def test_private_hosts_are_reached_through_the_jump_host_and_it_itself_is_not(
    tmp_path: Path,
) -> None:
    folder = written(tmp_path)
    assert "edge-1" in effective(folder, "db-1")["proxycommand"]
    assert effective(folder, "db-1")["hostname"] == "10.68.32.5"
    assert "proxycommand" not in effective(folder, "edge-1")
    assert effective(folder, "edge-1")["hostname"] == "198.18.0.7"


def test_the_inventory_has_the_groups_of_the_stack(tmp_path: Path) -> None:
    made = yaml.safe_load((written(tmp_path) / "inventory" / "hosts.yml").read_text())
    assert set(made["all"]["hosts"]) == {"edge-1", "db-1"}
    assert set(made["all"]["children"]["db"]["hosts"]) == {"db-1"}
    assert json.loads((tmp_path / "hosts.json").read_text()) == HOSTS


def test_before_the_jump_host_is_up_the_files_are_written_without_a_way_through(
    tmp_path: Path,
) -> None:
    """Else the step that brings it up could not start."""
    folder = written(tmp_path, {"db-1": HOSTS["db-1"]})
    assert "proxycommand" not in effective(folder, "db-1")


def test_hosts_are_those_of_every_stack_that_provides_some() -> None:
    one, other = ({name: HOSTS[name]} for name in HOSTS)
    assert hosts_of({"network": {"vpc": "x"}, "a": {"hosts": one}, "b": {"hosts": other}}) == HOSTS
    assert hosts_of({"network": {"vpc": "x"}}) == {}


def _with(**parts: object) -> dict[str, object]:
    return {"hosts": {**HOSTS, "db-1": {**HOSTS["db-1"], **parts}}}


@pytest.mark.parametrize(
    ("outputs", "words"),
    [
        ({"hosts": dict(HOSTS)}, ""),
        ({}, "there is none, and the stack provides edge, db"),
        ({"hosts": ["edge-1"]}, "it is no mapping"),
        (_with(host_key=None), "host db-1 has no `host_key`"),
        (_with(address=""), "host db-1 has no `address`"),
        (_with(groups=[]), "host db-1 has no `groups`"),
        (_with(groups=["app"]), "no host is of the group db"),
        (_with(public=7), "host db-1 has a `public` that is no text"),
        ({"hosts": {"db-1": HOSTS["db-1"]}}, "no host is of the group edge"),
        (
            {"hosts": {**HOSTS, "edge-1": {**HOSTS["edge-1"], "public": None}}},
            "no host of the group edge has a public address",
        ),
    ],
)
def test_an_output_that_no_later_step_could_use_is_told_by_its_host(
    outputs: dict[str, object], words: str
) -> None:
    expected = Expected(stack="compute", groups=("edge", "db"), jump="edge")
    said = unusable(outputs, expected, {"compute": {"hosts": dict(HOSTS)}})
    assert words in said
    assert bool(words) is bool(said)


def test_two_stacks_may_not_name_a_host_alike() -> None:
    expected = Expected(stack="workers", groups=(), jump="edge")
    others = {"compute": {"hosts": dict(HOSTS)}}
    assert unusable({"hosts": dict(HOSTS)}, expected, others) == (
        "host db-1 is one of another stack, too"
    )


def test_the_entrance_is_the_same_whatever_the_order_of_the_outputs() -> None:
    other = {**HOSTS["edge-1"], "public": "198.18.0.8"}
    assert entrance({"edge-2": other, **HOSTS}, "edge") == "edge-1"
    assert entrance({**HOSTS, "edge-2": other}, "edge") == "edge-1"


def test_who_reads_a_file_while_it_is_rewritten_never_sees_half_of_it(tmp_path: Path) -> None:
    """Each step that starts writes them again, while ssh of others is reading."""
    other = {**HOSTS, "db-1": {**HOSTS["db-1"], "host_key": "ssh-ed25519 BBBB"}}
    path = written(tmp_path) / "known_hosts"
    whole = {path.read_text()}
    whole.add((written(tmp_path, other) / "known_hosts").read_text())
    stop, seen = threading.Event(), set[str]()

    def read() -> None:
        while not stop.is_set():
            seen.add(path.read_text())

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(100):
        written(tmp_path, HOSTS)
        written(tmp_path, other)
    stop.set()
    reader.join()
    assert seen <= whole


def test_what_has_not_changed_is_not_written(tmp_path: Path) -> None:
    before = written(tmp_path).joinpath("ssh_key").stat().st_ino
    assert written(tmp_path).joinpath("ssh_key").stat().st_ino == before


def test_the_certificate_of_a_run_is_made_once_and_signed_by_its_own_authority(
    tmp_path: Path,
) -> None:
    write_proof_certificate(tmp_path, run="run-1", secret=Secret("x"))
    first = (tmp_path / "proof.crt").read_bytes()
    write_proof_certificate(tmp_path, run="run-1", secret=Secret("x"))
    assert (tmp_path / "proof.crt").read_bytes() == first
    authority = x509.load_pem_x509_certificate((tmp_path / "proof_ca.crt").read_bytes())
    client = x509.load_pem_x509_certificate(first)
    client.verify_directly_issued_by(authority)
    usage = client.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    valid = client.not_valid_after_utc - datetime.now(UTC)
    assert timedelta(days=13) < valid <= timedelta(days=14)
    key = load_pem_private_key((tmp_path / "proof.key").read_bytes(), password=None)
    assert key.public_key() == client.public_key()
    assert stat.S_IMODE((tmp_path / "proof.key").stat().st_mode) == 0o600


def test_a_certificate_whose_writing_was_cut_off_is_made_again(tmp_path: Path) -> None:
    """The key comes last: without it there is no certificate, whatever else is there."""
    (tmp_path / "proof_ca.crt").write_text("half of")
    (tmp_path / ".proof.key.new").touch()
    write_proof_certificate(tmp_path, run="run-1", secret=Secret("x"))
    assert b"CERTIFICATE" in (tmp_path / "proof_ca.crt").read_bytes()
    assert b"PRIVATE KEY" in (tmp_path / "proof.key").read_bytes()


def test_run_ids_sort_by_time_and_two_in_one_second_differ(tmp_path: Path) -> None:
    runs = RunsFolder(tmp_path)
    names = [runs.new(RunKind.REBUILD, "eu-central-1", START) for _ in range(3)]
    names.append(runs.new(RunKind.DEPLOY, "eu-west-3", START + timedelta(seconds=1)))
    assert len(set(names)) == 4
    assert sorted(names) == names
    assert names[0] == "20260314-030000-rebuild-eu-central-1"


def test_a_run_is_found_by_name_else_the_newest(tmp_path: Path) -> None:
    runs = RunsFolder(tmp_path)
    for number in range(2):
        run = runs.new(RunKind.REBUILD, "eu-central-1", START + timedelta(seconds=number))
        with JournalFile(runs.journal(run), now=lambda: START) as journal:
            journal.append(RunEnded(stand=f"run {number}"))
    assert runs.records(None)[0].body == RunEnded(stand="run 1")
    assert runs.records(runs.names()[1])[0].body == RunEnded(stand="run 0")
    with pytest.raises(UsageError, match="no run nowhere"):
        runs.records("nowhere")


def test_before_the_first_run_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no run yet"):
        RunsFolder(tmp_path).records(None)


def test_the_folder_of_a_run_is_private(tmp_path: Path) -> None:
    runs = RunsFolder(tmp_path)
    folder = runs.folder(runs.new(RunKind.REBUILD, "eu-central-1", START))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "logs").stat().st_mode) == 0o700


def test_a_site_is_worked_on_by_one_drkit_at_a_time_whatever_its_run(tmp_path: Path) -> None:
    mine, other = RunsFolder(tmp_path), RunsFolder(tmp_path)
    with mine.hold("eu-central-1"):
        with pytest.raises(RunBusy, match="eu-central-1"), other.hold("eu-central-1"):
            pass
        with other.hold("eu-north-1"):
            pass
    with other.hold("eu-central-1"):
        assert other.names() == []


HOLDS = """
import os, pathlib, signal, sys, tempfile
from drkit.adapters.runs_folder import RunsFolder

with RunsFolder(pathlib.Path(sys.argv[1])).hold("eu-west-3"):
    made = tempfile.TemporaryDirectory(prefix="drkit-pulumi-")
    print(made.name, flush=True)
    if len(sys.argv) > 2:
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_temporary_files_of_who_held_a_site_go_also_where_they_were_killed(tmp_path: Path) -> None:
    """With the next who holds it: as a run that was killed is carried on with."""

    def held(*more: str) -> Path:
        command = [sys.executable, "-c", HOLDS, str(tmp_path), *more]
        ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        assert ran.returncode == (-signal.SIGKILL if more else 0)
        return Path(ran.stdout.strip())

    assert not held().parent.exists()
    left = held("killed")
    assert left.is_dir()
    runs, before = RunsFolder(tmp_path), tempfile.gettempdir()
    with runs.hold("eu-central-1"):
        assert left.is_dir(), "who works on another site may live"
    with runs.hold("eu-west-3"):
        assert not left.parent.exists()
        assert tempfile.gettempdir() != before
    assert tempfile.gettempdir() == before
    assert list(runs.path.glob(".scratch.*")) == []
    assert runs.names() == []


def test_sealed_codes_that_counted_are_known_with_their_run_and_damage_hides_no_other(
    tmp_path: Path,
) -> None:
    runs = RunsFolder(tmp_path)
    answer = GateAnswered(
        step="consent", person="ana", role="lead", consent=True, comment="", signed=True
    )
    names = [runs.new(RunKind.REBUILD, "eu-central-1", START) for _ in range(3)]
    for name, code in zip(names, ("5f2a91c3", "", "c0ffee00"), strict=True):
        with JournalFile(runs.journal(name), now=lambda: START) as journal:
            journal.append(replace(answer, broken=code))
    assert runs.used_codes() == {"5f2a91c3": names[0], "c0ffee00": names[2]}
    assert runs.used_codes(besides=names[2]) == {"5f2a91c3": names[0]}
    runs.journal(names[1]).write_bytes(b"{}\n")
    assert set(runs.used_codes()) == {"5f2a91c3", "c0ffee00"}
