"""A systemd that is given a schedule, runs a night, tells of its failure, and is free of it again.

The host has this drkit as it lies here, read-only, and no network: each night fails at once, for
there is no sandbox on it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from drkit.errors import Exit
from drkit.sandbox import image
from drkit.sandbox.commands import podman
from drkit.sandbox.hosts import IMAGE, LIMITS
from tests.alone import with_others
from tests.house.files import ROOT
from tests.integration.playbooks.lab import eventually

NAME, LABEL = "drkit-test-night", "drkit.test=schedule"
SHOP = "/srv/a shop 100%"
UNIT = "drkit-validate-boutique-eu-central-1"
OVERRIDE = f"/etc/systemd/system/{UNIT}.service.d"
_KEEPS = 'printf "#!/bin/sh\\ncat > /var/tmp/%s\\n" {0} > /usr/local/bin/{0}'


def mounts() -> Iterator[str]:
    """What drkit is made of here; a Python of Debian's own is on the host already."""
    for place in dict.fromkeys((str(ROOT), sys.prefix, sys.base_prefix)):
        if place != "/usr":
            yield f"--volume={place}:{place}:ro"


def shell(line: str) -> str:
    return podman("exec", NAME, "sh", "-c", line)


def drkit(*words: str) -> subprocess.CompletedProcess[str]:
    """The command as root on the host types it, in the folder of the plan."""
    inside = ["podman", "exec", "--workdir", SHOP, "--env", "LANG=C.UTF-8", NAME]
    command = [*inside, sys.executable, "-P", "-m", "drkit", "schedule", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def night() -> dict[str, Any]:
    shown = drkit("show", "--system", "--output", "json")
    assert shown.returncode == 0, shown.stderr
    [found] = json.loads(shown.stdout)["nights"]
    return dict(found)


@pytest.fixture(scope="module")
def host() -> Iterator[None]:
    image.build(lambda _: None)
    with with_others():
        podman("rm", "--force", "--time", "0", "--ignore", NAME)
        podman(
            "run", "--detach", "--name", NAME, "--label", LABEL, "--network", "none",
            "--pull", "never", "--systemd", "always", *LIMITS, *mounts(),
            IMAGE, "/lib/systemd/systemd",
        )  # fmt: skip
        try:
            up = "systemctl is-system-running || true"
            eventually(lambda: shell(up).strip() in {"running", "degraded"}, within=60)
            podman("exec", NAME, "mkdir", SHOP)
            podman("exec", NAME, "cp", str(Path(ROOT, "drkit.yaml")), SHOP)
            for program in ("curl", "sendmail"):
                shell(f"{_KEEPS.format(program)}; chmod +x /usr/local/bin/{program}")
            yield
        finally:
            podman("rm", "--force", "--time", "0", NAME)


def test_a_night_is_scheduled_runs_is_told_of_and_taken_back(host: None) -> None:
    notice = ("--webhook", "https://hooks.example/s3cret", "--mail", "ana@shop.example")
    region = ("--region", "eu-central-1")
    done = drkit("install", "--system", *region, *notice)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    first = night()
    assert first["active"]
    assert begins(first) == "02:3"
    assert first["exit"] is None

    podman("exec", NAME, "systemctl", "start", "--no-block", f"{UNIT}.service")
    eventually(lambda: night()["exit"] is not None, within=60)
    ended = night()
    assert (ended["result"], ended["exit"]) == ("exit-code", int(Exit.CONFIGURATION))
    eventually(lambda: "failed" in shell("cat /var/tmp/sendmail 2>/dev/null || true"), within=60)
    posted = json.loads(shell("cat /var/tmp/curl"))["text"]
    assert posted.endswith("eu-central-1 (boutique) failed (exit-code 3): no run can be read here")
    said = shell(f"journalctl --unit {UNIT} --output cat --no-pager")
    assert "the sandbox is not up" in said
    assert "s3cret" not in said + shell(f"systemctl cat {UNIT}.service {UNIT}-failed.service")

    assert drkit("install", "--system", *region, *notice, "--tell", "always").returncode == 0
    assert night()["told"] == "always"
    end_well()
    podman("exec", NAME, "systemctl", "start", f"{UNIT}.service")
    eventually(lambda: "went well (exit 0)" in shell("cat /var/tmp/curl"), within=60)
    shell(f"rm -r {OVERRIDE}")

    assert drkit("install", "--system", *region, "--at", "03:40").returncode == 0
    assert begins(night()) == "03:4"
    assert not night()["tells"]

    assert drkit("remove", "--system", *region).stdout.count("removed ") == 2
    assert UNIT not in shell("find /etc/systemd /var/lib/systemd; systemctl list-units --all")
    assert drkit("show", "--system").returncode == int(Exit.CONFIGURATION)


def end_well() -> None:
    """From now on a night is over at once, and well: there is nothing here to validate."""
    override = "[Service]\\nExecStart=\\nExecStart=/bin/true\\n"
    shell(f"mkdir {OVERRIDE}; printf '{override}' > {OVERRIDE}/well.conf; systemctl daemon-reload")


def begins(shown: dict[str, Any]) -> str:
    """Hour and ten minutes, in the zone of the host, which is UTC; a night may begin later by 10
    minutes, and never reaches the next ten: 02:30 and 03:40 are full ones.
    """
    return datetime.fromisoformat(shown["next"]).strftime("%H:%M")[:4]
