"""The notice of how a night ended, by the script as it is installed: curl and sendmail are small
programs that write down what they are given.
"""

from __future__ import annotations

import email
import json
import os
import shutil
import subprocess
from email.message import Message
from pathlib import Path

import pytest

from drkit.adapters.night_units import night_files
from tests.contract.schedule.conftest import Machine
from tests.contract.schedule.test_units import TOLD

_KEEPS = '#!/bin/sh\necho "$@" > {place}.args\ncat > {place}\n'
SUMMARY = r'shop "corner": \ sales failed — 5 €'
RUN = "20261127-023104-validate-eu-central-1"
BEGAN = "@1795746664"
"""When the unit did: with the run."""
HISTORY = f"""RUN    TOOK  EXIT  STAND
{RUN}  5m 2s     5  finished

{SUMMARY}
"""
PREFIX = "drkit: the nightly validation of eu-central-1 (corner)"
WELL = {"MONITOR_SERVICE_RESULT": "success", "MONITOR_EXIT_STATUS": "0"}
TOOLS = ("tail", "tr", "sed", "sort", "head", "cut", "date", "uname", "timeout")


@pytest.fixture
def script(machine: Machine) -> Path:
    for program in ("curl", "sendmail"):
        machine.put(program, _KEEPS.format(place=machine.folder / program))
    for tool in TOOLS:
        (machine.folder / "bin" / tool).symlink_to(str(shutil.which(tool, path=os.defpath)))
    machine.says("show", f"{BEGAN}\n")
    said(machine, HISTORY)
    name = f"{TOLD.unit}-notice.sh"
    path = machine.folder / name
    path.write_text(night_files(TOLD, machine.folder)[name].text)
    return path


def said(machine: Machine, history: str) -> None:
    """What `drkit history` says from now on."""
    (machine.folder / "history").write_text(history)
    machine.put("python", f"#!/bin/sh\ncat {machine.folder}/history\n")


def told(machine: Machine, script: Path, **more: str) -> int:
    given = {
        "PATH": str(machine.folder / "bin"),
        "DRKIT_PYTHON": str(machine.folder / "bin/python"),
        "DRKIT_REGION": "eu-central-1",
        "DRKIT_SHOP": "corner",
        "DRKIT_PLAN": str(machine.plan),
        "DRKIT_SYSTEMCTL": "systemctl --user",
        "DRKIT_WEBHOOK_FILE": "/hook.curl",
        "DRKIT_MAIL": "ana@shop.example",
        "MONITOR_UNIT": f"{TOLD.unit}.service",
        "MONITOR_SERVICE_RESULT": "exit-code",
        "MONITOR_EXIT_STATUS": "5",
    }
    done = subprocess.run(["/bin/sh", str(script)], env=given | more, timeout=30, check=False)
    return done.returncode


def posted(machine: Machine) -> str:
    return str(json.loads((machine.folder / "curl").read_text())["text"])


def mailed(machine: Machine) -> Message:
    return email.message_from_string((machine.folder / "sendmail").read_text())


def test_the_line_of_tonight_is_told_with_the_exit_code_and_where_the_report_lies(
    machine: Machine, script: Path
) -> None:
    report = machine.plan.parent / ".drkit/runs" / RUN / "report.html"
    report.parent.mkdir(parents=True)
    report.touch()
    assert told(machine, script) == 0
    assert posted(machine) == (
        f"{PREFIX} failed (exit-code 5): {SUMMARY}; report: {os.uname().nodename}:{report}"
    )
    mail = mailed(machine)
    assert (mail["To"], mail.get_content_charset()) == ("ana@shop.example", "utf-8")
    assert str(mail.get_payload()).strip() == posted(machine)


def test_the_subject_of_the_mail_is_the_line_and_no_more_than_a_head_can_hold(
    machine: Machine, script: Path
) -> None:
    assert told(machine, script) == 0
    assert mailed(machine)["Subject"] == r'shop "corner": \ sales failed ??? 5 ???'
    said(machine, HISTORY.replace(SUMMARY, "sales, " * 1000))
    assert told(machine, script) == 0
    assert len(mailed(machine)["Subject"]) <= 900
    assert len(posted(machine)) > 7000


def test_a_night_that_went_well_says_so(machine: Machine, script: Path) -> None:
    assert told(machine, script, **WELL) == 0
    assert posted(machine) == f"{PREFIX} went well (exit 0): {SUMMARY}"


def test_an_earlier_run_is_not_told_as_that_of_a_night_which_began_none(
    machine: Machine, script: Path
) -> None:
    machine.says("show", "@1795746665\n")
    assert told(machine, script, MONITOR_EXIT_STATUS="3") == 0
    nothing = f"{PREFIX} failed (exit-code 3): no run was begun; the newest is {RUN}"
    assert posted(machine) == nothing
    assert mailed(machine)["Subject"] == nothing
    assert (
        f"show --property=ExecMainStartTimestamp --timestamp=unix --value {TOLD.unit}"
        in (machine.told[-1])
    )


def test_the_webhook_reaches_curl_by_its_file_and_never_by_an_argument(
    machine: Machine, script: Path
) -> None:
    told(machine, script)
    assert "--config /hook.curl" in (machine.folder / "curl.args").read_text()
    assert "s3cret" not in script.read_text()


@pytest.mark.parametrize(
    "gone", [{"DRKIT_PYTHON": "/gone/python"}, {"DRKIT_SYSTEMCTL": "/gone/systemctl"}]
)
def test_a_drkit_or_a_systemctl_that_is_gone_keeps_nothing_back(
    machine: Machine, script: Path, gone: dict[str, str]
) -> None:
    assert told(machine, script, **gone) == 0
    known = SUMMARY if "DRKIT_SYSTEMCTL" in gone else "no run can be read here"
    assert posted(machine) == f"{PREFIX} failed (exit-code 5): {known}"


def test_a_drkit_that_hangs_is_not_waited_for(machine: Machine, script: Path) -> None:
    """`timeout` ends it after two minutes; here one that says for what, and ends it at once."""
    (machine.folder / "bin/timeout").unlink()
    machine.put("timeout", f'#!/bin/sh\necho "$@" > {machine.folder}/limited\nexit 124\n')
    assert told(machine, script) == 0
    assert "-m drkit history" in (machine.folder / "limited").read_text()
    assert posted(machine).endswith("failed (exit-code 5): no run can be read here")


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
