"""What is written for systemd: held to what was agreed, and to systemd's own judgement."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from datetime import time
from pathlib import Path

import pytest

from drkit.adapters.night_units import Nightly, Tell, night_files, unit_name
from drkit.ports import Secret
from drkit.scheduling import cron_line

AGREED = Path(__file__).parent / "agreed"
FOLDER = Path("/srv/units")
NIGHTLY = Nightly(
    shop="corner",
    region="eu-central-1",
    plan_file=Path("/srv/shop/drkit.yaml"),
    python=Path("/srv/drkit/bin/python"),
    at=time(2, 30),
    environment={"PATH": "/srv/drkit/bin:/usr/bin", "AWS_PROFILE": "shop"},
)
TOLD = replace(NIGHTLY, webhook=Secret("https://hooks.example/s3cret"), mail="ana@shop.example")


def texts(nightly: Nightly, folder: Path = FOLDER) -> dict[str, str]:
    return {name: written.text for name, written in night_files(nightly, folder).items()}


@pytest.mark.parametrize("name", sorted(path.name for path in AGREED.iterdir()))
def test_the_files_are_those_that_were_agreed(name: str) -> None:
    assert texts(TOLD)[name] == (AGREED / name).read_text()


def test_nothing_is_written_that_was_not_agreed_but_the_script() -> None:
    script = "drkit-validate-corner-eu-central-1-notice.sh"
    assert {path.name for path in AGREED.iterdir()} == texts(TOLD).keys() - {script}


def test_where_nobody_is_to_be_told_there_is_no_notice() -> None:
    assert set(texts(NIGHTLY)) == {f"{NIGHTLY.unit}.timer", f"{NIGHTLY.unit}.service"}
    assert "OnFailure" not in "".join(texts(NIGHTLY).values())


def test_only_who_is_always_told_is_told_of_a_night_that_went_well() -> None:
    service = f"{TOLD.unit}.service"
    always = texts(replace(TOLD, tell=Tell.ALWAYS))
    failed, well = f"{TOLD.unit}-failed.service", f"{TOLD.unit}-well.service"
    assert f"OnFailure={failed}\nOnSuccess={well}\n" in always[service]
    assert always[failed] == always[well] == texts(TOLD)[failed]
    assert well not in texts(TOLD)
    assert "OnSuccess" not in texts(TOLD)[service]
    assert texts(replace(TOLD, tell=Tell.FAILURES)) == texts(TOLD)
    assert "OnFailure" not in texts(replace(NIGHTLY, tell=Tell.ALWAYS))[service]


def test_the_notice_asks_the_systemd_that_ran_the_night() -> None:
    notice = f"{TOLD.unit}-failed.service"
    assert 'DRKIT_SYSTEMCTL=systemctl --user"' in texts(TOLD)[notice]
    assert "DRKIT_SYSTEMCTL=systemctl\n" in texts(replace(TOLD, system=True))[notice]


def test_the_webhook_is_in_one_file_that_its_owner_alone_can_read() -> None:
    files = night_files(TOLD, FOLDER)
    [name] = [name for name, written in files.items() if "s3cret" in written.text]
    assert name.endswith("-webhook.curl")
    assert files[name].mode == 0o600
    assert "s3cret" not in repr(files)
    assert "s3cret" not in repr(TOLD)


def test_two_shops_and_two_sites_have_names_of_their_own() -> None:
    wanted = [("corner", "eu-west-3"), ("corner", "eu-central-1"), ("boutique", "eu-west-3")]
    assert len({unit_name(shop, region) for shop, region in wanted}) == 3
    assert unit_name("Ana & Co", "r") == r"drkit-validate-Ana\x20\x26\x20Co-r"


HARD = Path('/srv/a 100% "shop" $HOME \\n')


@pytest.mark.parametrize("system", [False, True], ids=["user", "system"])
@pytest.mark.parametrize("at", [FOLDER, HARD], ids=["plain", "hard"])
def test_systemd_has_nothing_to_say_against_them(at: Path, system: bool, tmp_path: Path) -> None:
    plan = Path("/srv/shop/drkit.yaml") if at == FOLDER else HARD / "drkit.yaml"
    nightly = replace(
        TOLD, plan_file=plan, system=system, python=Path("/bin/true"), tell=Tell.ALWAYS
    )
    assert verified(texts(nightly), tmp_path, system=system) == ""


def test_systemd_is_heard_where_a_unit_is_wrong(tmp_path: Path) -> None:
    wrong = {n: t.replace("KillMode=mixed", "KillMode=mixt") for n, t in texts(TOLD).items()}
    assert "KillMode" not in verified(texts(TOLD), tmp_path, system=False)
    assert "kill mode" in verified(wrong, tmp_path, system=False)


def verified(files: dict[str, str], folder: Path, *, system: bool) -> str:
    """What `systemd-analyze verify` says; it ends with 0 also where it has much to say."""
    for name, text in files.items():
        (folder / name).write_text(text.replace("/srv/drkit/bin/python", "/bin/true"))
    units = [str(folder / name) for name in files if name.endswith((".timer", ".service"))]
    whose = "--system" if system else "--user"
    done = subprocess.run(
        ["systemd-analyze", "verify", whose, "--man=no", *units],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"XDG_RUNTIME_DIR": str(folder)},
    )
    return done.stdout + done.stderr


def test_the_line_for_cron_is_one_that_a_shell_takes_apart_as_it_is_meant() -> None:
    line = cron_line(replace(NIGHTLY, plan_file=HARD / "drkit.yaml"))
    assert line.startswith("30 2 * * * cd ")
    assert "100\\%" in line  # cron ends a command at a plain one
    script = line.removeprefix("30 2 * * * cd ").replace("\\%", "%").partition(" && ")[0]
    shown = subprocess.run(["/bin/sh", "-c", f"printf %s {script}"], capture_output=True, text=True)
    assert shown.stdout == str(HARD)
