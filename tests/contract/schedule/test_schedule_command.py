"""``drkit schedule``: what is written and told to systemd, what is refused, what is taken back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from drkit.errors import ConfigurationError, Exit, UsageError
from tests.contract.schedule.conftest import Machine
from tests.fakes.documents import DOCUMENT, write_plan

UNIT = "drkit-validate-corner-eu-central-1"
SERVES = "eu-west-3"
HOOK = "https://hooks.example/s3cret"


def refused(machine: Machine, *words: str, plan: Path | None = None) -> ConfigurationError:
    done = machine.install(*words, plan=plan)
    assert isinstance(done.exception, ConfigurationError), done.output
    return done.exception


def test_a_timer_is_written_loaded_and_enabled(machine: Machine) -> None:
    done = machine.install("--at", "03:15")
    assert done.exit_code == 0
    assert "OnCalendar=*-*-* 03:15:00" in machine.files[f"{UNIT}.timer"]
    assert f"WorkingDirectory={machine.plan.parent}" in machine.files[f"{UNIT}.service"]
    assert machine.told[-2:] == ["--user daemon-reload", f"--user enable --now {UNIT}.timer"]
    assert "loginctl enable-linger" in done.stderr
    assert f"{UNIT}.timer" in done.stdout


def test_a_second_time_takes_the_place_of_the_first(machine: Machine) -> None:
    machine.put("curl")
    machine.install("--webhook", HOOK)
    assert len(machine.files) == 5
    machine.install("--at", "04:00")
    assert set(machine.files) == {f"{UNIT}.timer", f"{UNIT}.service"}


def test_the_webhook_may_come_by_the_environment(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.put("curl")
    monkeypatch.setenv("DRKIT_WEBHOOK", HOOK)
    done = machine.install()
    assert HOOK in machine.files[f"{UNIT}-webhook.curl"]
    assert (machine.units / f"{UNIT}-webhook.curl").stat().st_mode & 0o777 == 0o600
    assert "s3cret" not in done.output


def test_keys_of_the_environment_are_written_nowhere_and_that_is_said(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cret")
    sites = {
        region: {"cloud": "aws", "account": "123456789012", "ssh": {"jump": "edge"}}
        | {"images": {"host": "ami-1"}}
        for region in ("eu-west-3", "eu-central-1")
    }
    done = machine.install(plan=write_plan(machine.plan.parent, sites=sites))
    assert "AWS_SECRET_ACCESS_KEY of this shell are not written" in done.stderr
    assert "s3cret" not in "".join(machine.files.values())


def test_everything_that_is_wrong_is_said_at_once_and_nothing_written(machine: Machine) -> None:
    machine.fails("show")
    error = refused(machine, "--webhook", "ftp://x", "--mail", "ana")
    places = dict.fromkeys(problem.place for problem in error.problems)
    assert list(places) == ["systemd", "--webhook", "--mail"]
    assert "30 2 * * * cd " in error.problems[0].remedy
    assert machine.files == {}
    assert "enable" not in " ".join(machine.told)


def test_a_systemd_that_says_too_little_is_refused(machine: Machine) -> None:
    machine.says("show", "249 (249.11-0ubuntu3)\n")
    assert "systemd 249, and 251 or later" in refused(machine).problems[0].message
    machine.says("show", "252 (252.38-1~deb12u1)\n")
    assert machine.install().exit_code == 0


def test_a_notice_that_nothing_here_can_carry_is_refused(machine: Machine) -> None:
    [problem] = refused(machine, "--webhook", HOOK).problems
    assert problem.message == "there is no curl here"
    machine.put("curl")
    assert machine.install("--webhook", HOOK).exit_code == 0


def test_of_which_nights_nobody_is_told_cannot_be_said(machine: Machine) -> None:
    [problem] = refused(machine, "--tell", "always").problems
    assert (problem.place, problem.remedy) == ("--tell", "with --webhook or --mail")
    machine.put("sendmail")
    assert machine.install("--tell", "always", "--mail", "ana@shop.example").exit_code == 0
    assert f"OnSuccess={UNIT}-well.service" in machine.files[f"{UNIT}.service"]
    assert machine.install("--mail", "ana@shop.example").exit_code == 0
    assert "OnSuccess" not in machine.files[f"{UNIT}.service"]


@pytest.mark.parametrize(
    "address", ["https://ana:pw@x/y", 'https://x/"y', "https://x/\ny", "https://x/a b"]
)
def test_an_address_that_would_say_more_to_curl_is_refused(machine: Machine, address: str) -> None:
    machine.put("curl")
    assert [p.place for p in refused(machine, "--webhook", address).problems] == ["--webhook"]


@pytest.mark.parametrize("address", ["ana", "-t@x", "a@x\nBcc: b@x", "a@x, b@x", "a b@x"])
def test_an_address_that_would_say_more_to_sendmail_is_refused(
    machine: Machine, address: str
) -> None:
    machine.put("sendmail")
    assert [p.place for p in refused(machine, f"--mail={address}").problems] == ["--mail"]


def test_the_schedule_of_another_plan_of_the_same_name_is_left_alone(
    machine: Machine, tmp_path: Path
) -> None:
    machine.install()
    before = machine.files
    (tmp_path / "other").mkdir()
    other = write_plan(tmp_path / "other")
    for problem in refused(machine, plan=other).problems:
        assert f"for eu-central-1 of {machine.plan}" in problem.message
    done = machine.drkit("remove", "--region", "eu-central-1", plan=other)
    assert isinstance(done.exception, ConfigurationError)
    assert machine.files == before


def test_a_file_that_drkit_did_not_write_is_left_alone(machine: Machine) -> None:
    machine.units.mkdir(parents=True)
    (machine.units / f"{UNIT}.service").write_text("[Service]\nExecStart=/bin/mine\n")
    assert "not written by drkit" in refused(machine).problems[0].message
    assert machine.files == {f"{UNIT}.service": "[Service]\nExecStart=/bin/mine\n"}


def test_where_systemd_refuses_the_timer_all_is_as_before(machine: Machine) -> None:
    machine.fails("enable")
    assert "ended with 1: no bus" in str(refused(machine))
    assert machine.files == {}
    assert f"--user disable --now {UNIT}.timer" in machine.told
    (machine.folder / "fails").unlink()
    machine.install("--at", "01:00")
    before = machine.files
    machine.fails("enable")
    refused(machine, "--at", "05:00")
    assert machine.files == before


def test_remove_takes_away_what_was_written_and_nothing_else(machine: Machine) -> None:
    machine.put("curl")
    machine.install("--webhook", HOOK)
    bystander = machine.units / "drkit-validate-corner-eu-west-3.timer"
    bystander.write_text("[Timer]\n")
    done = machine.drkit("remove", "--region", "eu-central-1")
    assert done.stdout.count("removed ") == 5
    assert list(machine.files) == [bystander.name]
    assert f"--user disable --now {UNIT}.timer" in machine.told
    assert f"--user clean --what=state {UNIT}.timer" in machine.told
    again = machine.drkit("remove", "--region", "eu-central-1")
    assert (again.exit_code, again.stdout) == (0, "nothing was scheduled\n")


def test_a_site_that_is_in_the_plan_no_more_can_be_taken_off_the_clock(machine: Machine) -> None:
    machine.install()
    sites = {SERVES: DOCUMENT["sites"][SERVES]}
    fewer = write_plan(machine.plan.parent, sites=sites)
    done = machine.drkit("remove", "--region", "eu-central-1", plan=fewer)
    assert done.stdout.count("removed ") == 2
    typo = machine.drkit("remove", "--region", "eu-wst-3", plan=fewer)
    assert "did you mean `eu-west-3`" in str(getattr(typo.exception, "remedy", ""))


def test_what_no_unit_can_hold_is_refused(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "shop\nExecStartPre=/bin/evil")
    assert [problem.place for problem in refused(machine).problems] == ["AWS_PROFILE"]


def test_show_says_when_and_how_it_ended(machine: Machine) -> None:
    machine.install()
    timer = f"{UNIT}.timer"
    machine.says("list-timers", [{"unit": timer, "next": 1795836028611090, "last": 0}])
    machine.says(
        "show",
        "ActiveState=active\nResult=exit-code\nExecMainStatus=5\n"
        "ExecMainStartTimestamp=@1795746600\nExecMainExitTimestamp=@1795747200\n",
    )
    told = machine.drkit("show").stdout
    assert "next 2026-11-28T03:20:28" in told
    assert "exit 5 (exit-code); nobody is told of a failure" in told
    document = json.loads(machine.drkit("show", "--output", "json").stdout)
    [night] = document["nights"]
    assert (document["version"], document["shop"], night["region"]) == (1, "corner", "eu-central-1")
    assert (night["exit"], night["result"], night["active"]) == (5, "exit-code", True)
    assert (night["running"], night["tells"]) == (False, False)


@pytest.mark.parametrize(
    ("unit", "words", "told"),
    [
        ("OnFailure=x\nOnSuccess=x\n", "every night is told", "always"),
        ("OnFailure=x\nOnSuccess=\n", "a failure is told", "failures"),
        ("OnFailure=\nOnSuccess=\n", "nobody is told of a failure", None),
    ],
)
def test_show_says_after_which_nights_somebody_is_told(
    machine: Machine, unit: str, words: str, told: str | None
) -> None:
    machine.install()
    machine.says("list-timers", [])
    machine.says("show", f"ActiveState=active\n{unit}")
    assert machine.drkit("show").stdout.endswith(f"; {words}\n")
    [night] = json.loads(machine.drkit("show", "--output", "json").stdout)["nights"]
    assert (night["tells"], night["told"]) == (told is not None, told)


def test_show_says_that_one_runs_and_not_how_the_one_before_ended(machine: Machine) -> None:
    machine.install()
    machine.says("list-timers", [{"unit": f"{UNIT}.timer", "next": None, "last": 0}])
    machine.says(
        "show",
        "ActiveState=activating\nResult=success\nExecMainStatus=0\n"
        "ExecMainStartTimestamp=@1795746600\nExecMainExitTimestamp=\n",
    )
    [night] = json.loads(machine.drkit("show", "--output", "json").stdout)["nights"]
    assert night["running"]
    assert (night["next"], night["exit"], night["result"], night["ended"]) == (None,) * 4


def test_show_without_a_schedule_ends_with_3(machine: Machine) -> None:
    done = machine.drkit("show")
    assert isinstance(done.exception, ConfigurationError)
    assert done.exception.exit_code is Exit.CONFIGURATION
    assert "drkit schedule install" in done.exception.remedy


def test_an_unknown_site_is_wrong_usage_and_a_time_of_no_day_too(machine: Machine) -> None:
    done = machine.drkit("install", "--region", "eu-centrl-1")
    assert isinstance(done.exception, UsageError)
    assert "did you mean `eu-central-1`" in done.exception.remedy
    assert "write 02:30" in str(machine.install("--at", "25:00").exception)
    assert machine.files == {}


def test_the_systemd_of_the_machine_is_for_root_alone(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert isinstance(machine.install("--system").exception, UsageError)
    assert machine.told == []
