"""No secret in any journal, log, report, output, state or process list, here or on a host.

Everything that the runs before have left is searched for every secret there is.
"""

from __future__ import annotations

import json
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator, Mapping
from datetime import timedelta

import pytest

from drkit.adapters.plan_yaml import load_plan
from drkit.adapters.pulumi_outputs import prepared
from drkit.adapters.vault import open_vault
from drkit.adapters.worlds import open_world
from tests.e2e.conftest import NEW, Rebuilt, Up
from tests.e2e.desk import Desk
from tests.e2e.witnesses import hosts_in, logs_in, state_objects
from tests.integration.sandbox.lab import eventually

KEY_FILES = {"ssh_key", "proof.key"}
"""What a run's folder holds for ssh and for the proofs: files for their owner only."""

pytestmark = pytest.mark.filterwarnings("ignore:.*has been deprecated in favor of")


def tokens(value: str) -> set[bytes]:
    """What to search for: a secret of many lines can leak by any of them, in several forms."""
    lines = [line.strip() for line in value.splitlines() if not line.startswith("-----")]
    found = {line.encode() for line in lines if len(line) > 12}
    found |= {json.dumps(line)[1:-1].encode() for line in lines if len(line) > 12}
    # inside a longer text: two of three alignments of base64 are cut short
    return found | {b64encode(line)[:-4] for line in found}


@pytest.fixture(scope="module")
def secrets(up: Up, rebuilt: Rebuilt) -> Mapping[str, set[bytes]]:
    """Name → tokens, of everything that is secret in this session."""
    desk = up.desk
    with pytest.MonkeyPatch.context() as patch:
        for name in ("PATH", "DRKIT_SANDBOX"):
            patch.setenv(name, desk.environment[name])
        plan = load_plan(desk.root / "drkit.yaml")
        world, vault = open_world(plan), open_vault(plan)
        found = {f"vault {name}": value.reveal() for name, value in vault.items()}
        for site, purposes in prepared(plan, world, vault).identities.items():
            for purpose, parts in purposes.items():
                found[f"identity {site} {purpose}"] = parts["secret"].reveal()
    found["operator"] = world.secret.reveal()
    found["vault password"] = (desk.sandbox.folder / "vault-password").read_text()
    del found["vault tls_cert"]  # every customer's browser is given it
    assert len(found) > 15
    assert all(tokens(value) for value in found.values())
    return {name: tokens(value) for name, value in found.items()}


def files_of(desk: Desk) -> Iterator[tuple[str, bytes]]:
    """Everything that drkit has left: its runs, and what the sandbox has logged."""
    kept = [path for path in (desk.root / ".drkit").rglob("*") if path.name not in KEY_FILES]
    for path in [*kept, *desk.sandbox.folder.glob("*.log")]:
        if path.is_file():
            yield str(path), path.read_bytes()


def leaks(secrets: Mapping[str, set[bytes]], texts: Iterator[tuple[str, bytes]]) -> set[str]:
    return {
        f"{name} in {place}"
        for place, text in texts
        for name, searched in secrets.items()
        if any(token in text for token in searched)
    }


def test_no_file_of_any_run_holds_a_secret(desk: Desk, secrets: Mapping[str, set[bytes]]) -> None:
    places = [place for place, _ in files_of(desk)]
    for part in ("journal.jsonl", "report.html", "logs/orders-db.1.log", "daemon.log"):
        assert any(place.endswith(part) for place in places), f"the search looks at {part}"
    assert leaks(secrets, files_of(desk)) == set()


def test_no_command_has_said_a_secret(desk: Desk, secrets: Mapping[str, set[bytes]]) -> None:
    said = ((f"output {number}", text.encode()) for number, text in enumerate(desk.transcripts))
    assert leaks(secrets, said) == set()


def test_no_host_has_logged_a_secret(rebuilt: Rebuilt, secrets: Mapping[str, set[bytes]]) -> None:
    logs = dict(logs_in(NEW))
    for word in (b"Started postgresql", b"pgbackrest", b"Accepted publickey"):
        assert any(word in text for text in logs.values()), f"the search sees {word!r}"
    assert leaks(secrets, iter(logs.items())) == set()


def test_no_process_list_has_shown_a_secret(up: Up, secrets: Mapping[str, set[bytes]]) -> None:
    seen = up.watched.seen()
    # playbooks are forked from drkit's server: no command line of Ansible's is ever there
    for program in (b"drkit.forkserver", b"pulumi", b"pgbackrest", b"restic"):
        assert any(program in line for line in seen), f"{program!r} was watched"
    lines = ((line.replace(b"\0", b" ").decode(errors="replace")[:80], line) for line in seen)
    assert leaks(secrets, lines) == set()


def test_the_state_outside_holds_no_secret_in_the_clear(
    desk: Desk, secrets: Mapping[str, set[bytes]]
) -> None:
    assert leaks(secrets, state_objects(desk.sandbox)) == set()


def test_no_key_of_a_run_that_is_over_stays(desk: Desk) -> None:
    runs = list((desk.root / ".drkit" / "runs").glob("*-rebuild-*"))
    assert runs
    assert [path for run in runs for path in run.rglob("*") if path.name in KEY_FILES] == []


def test_the_search_finds_what_was_planted(up: Up, secrets: Mapping[str, set[bytes]]) -> None:
    """A positive control of every way to look, with a secret that nothing else knows."""
    planted = {"planted": tokens("planted-where-none-belongs")}
    text = "planted-where-none-belongs"
    log = next((up.desk.root / ".drkit" / "runs").glob("*/logs")) / "planted.1.log"
    for form in (text, json.dumps({"said": text}), b64encode(text.encode()).decode()):
        log.write_text(form)
        assert leaks(planted, files_of(up.desk)) == {f"planted in {log}"}
    log.unlink()
    up.desk.sandbox.client("s3", "eu-north-1").put_object(
        Bucket="boutique-dr", Key="planted", Body=text.encode()
    )
    assert leaks(planted, state_objects(up.desk.sandbox)) == {"planted in s3://boutique-dr/planted"}
    host = hosts_in(NEW)[0]
    subprocess.run(["podman", "exec", host, "logger", text], timeout=60, check=True)
    assert f"planted in journal of {host}" in leaks(planted, logs_in(NEW))
    waits = [sys.executable, "-c", "input()", text]
    process = subprocess.Popen(waits, stdin=subprocess.PIPE)
    try:
        eventually(
            lambda: bool(
                leaks(planted, ((line.decode("latin-1"), line) for line in up.watched.seen()))
            ),
            within=timedelta(seconds=10),
            what="the process list shows it",
        )
    finally:
        process.communicate(b"\n", timeout=10)
