"""The notice of a night that failed, by the script as it is installed: curl and sendmail are small
programs that write down what they are given.
"""

from __future__ import annotations

import email
import json
import subprocess
from pathlib import Path

import pytest

from drkit.adapters.night_units import names, night_files
from tests.contract.schedule.conftest import Machine
from tests.contract.schedule.test_units import TOLD

_KEEPS = '#!/bin/sh\necho "$@" > {place}.args\ncat > {place}\n'
SUMMARY = r'shop "corner": \ sales failed — 5 €'


@pytest.fixture
def script(machine: Machine) -> Path:
    for program in ("curl", "sendmail"):
        machine.put(program, _KEEPS.format(place=machine.folder / program))
    for tool in ("tail", "tr", "sed"):
        (machine.folder / "bin" / tool).symlink_to(f"/usr/bin/{tool}")
    name = names(TOLD.unit)[3]
    path = machine.folder / name
    path.write_text(night_files(TOLD, machine.folder)[name].text)
    return path


def told(machine: Machine, script: Path, **more: str) -> int:
    given = {
        "PATH": str(machine.folder / "bin"),
        "DRKIT_PYTHON": str(machine.put("python", f"#!/bin/sh\necho '{SUMMARY}'\n")),
        "DRKIT_REGION": "eu-central-1",
        "DRKIT_SHOP": "corner",
        "DRKIT_PLAN": "drkit.yaml",
        "DRKIT_WEBHOOK_FILE": "/hook.curl",
        "DRKIT_MAIL": "ana@shop.example",
        "MONITOR_SERVICE_RESULT": "exit-code",
        "MONITOR_EXIT_STATUS": "5",
    }
    done = subprocess.run(["/bin/sh", str(script)], env=given | more, timeout=30, check=False)
    return done.returncode


def posted(machine: Machine) -> str:
    return str(json.loads((machine.folder / "curl").read_text())["text"])


def test_one_line_says_what_failed_and_how_the_newest_run_went(
    machine: Machine, script: Path
) -> None:
    assert told(machine, script) == 0
    assert posted(machine) == (
        "drkit: the nightly validation of eu-central-1 (corner) failed: exit-code 5."
        f" Newest run: {SUMMARY}"
    )
    mail = email.message_from_string((machine.folder / "sendmail").read_text())
    assert (mail["To"], mail.get_content_charset()) == ("ana@shop.example", "utf-8")
    assert str(mail.get_payload()).strip() == posted(machine)


def test_the_webhook_reaches_curl_by_its_file_and_never_by_an_argument(
    machine: Machine, script: Path
) -> None:
    told(machine, script)
    assert "--config /hook.curl" in (machine.folder / "curl.args").read_text()
    assert "s3cret" not in script.read_text()


def test_a_drkit_that_is_gone_is_told_too(machine: Machine, script: Path) -> None:
    assert told(machine, script, DRKIT_PYTHON="/gone/python") == 0
    assert posted(machine).endswith("failed: exit-code 5. Newest run: none can be read here")


def test_a_webhook_that_fails_keeps_no_mail_back_and_is_a_failure(
    machine: Machine, script: Path
) -> None:
    machine.put("curl", "#!/bin/sh\nexit 22\n")
    assert told(machine, script) == 1
    assert (machine.folder / "sendmail").exists()
    machine.put("sendmail", "#!/bin/sh\nexit 75\n")
    assert told(machine, script, DRKIT_WEBHOOK_FILE="") == 1


def test_only_who_was_named_is_told(machine: Machine, script: Path) -> None:
    assert told(machine, script, DRKIT_MAIL="") == 0
    assert not (machine.folder / "sendmail").exists()
